//! Android's certificate verifier is written in Java, and is found through the app's context.

use jni::EnvUnowned;
use jni::errors::{Error, ThrowRuntimeExAndDefault};
use jni::objects::{JClass, JObject};
use rustls_platform_verifier::android;

/// Hands the app's context to the verifier; called from Kotlin (`dev.tidewire.android.PlatformVerifier`) before the first request. Calling
/// it again does nothing.
#[unsafe(no_mangle)]
pub(crate) extern "system" fn Java_dev_tidewire_android_PlatformVerifier_initialize<'local>(
    mut env: EnvUnowned<'local>,
    _class: JClass<'local>,
    context: JObject<'local>,
) {
    env.with_env(|env| -> Result<(), Error> { android::init_with_env(env, context) })
        .resolve::<ThrowRuntimeExAndDefault>();
}
