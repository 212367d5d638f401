// swift-tools-version: 6.0
import Foundation
import PackageDescription

// On Apple systems the native library is an XCFramework (docs/xcframework.md). Elsewhere `cargo xtask bindings swift` puts it into `lib`.
#if canImport(Darwin)
let native: Target = .binaryTarget(name: "CTidewireFFI", path: "CTidewireFFI.xcframework")
let linking: [LinkerSetting] = [.linkedFramework("Security"), .linkedFramework("SystemConfiguration")]
#else
let native: Target = .systemLibrary(name: "CTidewireFFI")
let lib = Context.packageDirectory + "/lib"
let linking: [LinkerSetting] = FileManager.default.fileExists(atPath: lib)
    ? [.unsafeFlags(["-L\(lib)", "-Xlinker", "-rpath", "-Xlinker", lib])]
    : []
#endif

let package = Package(
    name: "tidewire",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [.library(name: "Tidewire", targets: ["Tidewire"])],
    targets: [
        native,
        // The file that UniFFI generates.
        .target(name: "TidewireFFI", dependencies: ["CTidewireFFI"], linkerSettings: linking),
        .target(name: "Tidewire", dependencies: ["TidewireFFI"]),
        // Neither of these two belongs to the product.
        .executableTarget(name: "Example", dependencies: ["Tidewire"], path: "Example"),
        .executableTarget(name: "Bench", dependencies: ["Tidewire"], path: "bench"),
        .testTarget(name: "TidewireTests", dependencies: ["Tidewire", "Example"]),
    ],
    swiftLanguageModes: [.v6]
)
