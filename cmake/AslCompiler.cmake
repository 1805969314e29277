# Compiler settings shared by everything: the interface target asl_compiler.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(asl_compiler INTERFACE)
target_compile_definitions(asl_compiler INTERFACE _GNU_SOURCE)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  target_compile_definitions(asl_compiler INTERFACE _FILE_OFFSET_BITS=64)
endif()
# Results must not depend on whether the compiler fuses a multiply and an add.
target_compile_options(asl_compiler INTERFACE -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow
                       -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
                       -Wframe-larger-than=16384)
# Where it was built must not show in what was built; a debugger is started in the source tree then.
# A path to the library would also change the build ID of the programs.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
target_compile_options(asl_compiler INTERFACE "$<$<NOT:$<CONFIG:Debug>>:\
-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.;-ffile-prefix-map=${PROJECT_BINARY_DIR}=.>")
if(ASL_WERROR)
  target_compile_options(asl_compiler INTERFACE -Werror)
endif()

if(ASL_HARDEN)
  include(AslHarden)
endif()

if(ASL_SANITIZE)
  target_compile_options(asl_compiler INTERFACE -fsanitize=${ASL_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(asl_compiler INTERFACE -fsanitize=${ASL_SANITIZE})
endif()

if(ASL_COVERAGE)
  target_link_options(asl_compiler INTERFACE --coverage)
endif()

# For tests/fuzz/run.sh alone: such a library believes every checksum.
if(ASL_FUZZ)
  target_compile_definitions(asl_compiler INTERFACE ASL_FUZZING)
  target_compile_options(asl_compiler INTERFACE -fsanitize=fuzzer-no-link)
endif()
