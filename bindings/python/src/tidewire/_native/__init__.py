"""The native library, and the module that the build generates from it."""
