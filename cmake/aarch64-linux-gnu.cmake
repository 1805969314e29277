# Toolchain file: builds for 64-bit ARM Linux on another machine, with Debian's cross compiler.
# ASL_SYSROOT is a folder with the unpacked arm64 packages of our dependencies; the C library comes
# with the compiler. Tests run under qemu-user. tests/aarch64/run.sh does it all.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

# CMake reads this file again for each of its own compile checks.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ASL_SYSROOT)
set(libraries "${ASL_SYSROOT}/usr/lib/aarch64-linux-gnu")
set(runtime "${libraries}:${ASL_SYSROOT}/lib/aarch64-linux-gnu")

# As for the system's own headers, without warnings.
set(headers "${ASL_SYSROOT}/usr/include")
set(CMAKE_C_FLAGS_INIT "-isystem ${headers} -isystem ${headers}/aarch64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${runtime}")
set(CMAKE_FIND_ROOT_PATH "${ASL_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${ASL_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR} "${libraries}/pkgconfig")

set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu
    -E "LD_LIBRARY_PATH=${runtime}")
