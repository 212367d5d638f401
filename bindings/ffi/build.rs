//! How the linker makes the shared library on systems whose libraries are ELF files.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(system.as_str(), "android" | "linux") {
        // A phone whose pages have 16 KiB does not load a library that is aligned to 4. Linux is included so that the check of the library
        // (`cargo xtask test --only bindings`) has something to look at where nothing can be linked for Android.
        println!("cargo::rustc-link-arg-cdylib=-Wl,-z,max-page-size=16384");
    }
    if system == "android" {
        // Java and JNA both load it, one by its path, one by its name; with a name of its own it is loaded once.
        println!("cargo::rustc-link-arg-cdylib=-Wl,-soname,libtidewire_ffi.so");
    }
}
