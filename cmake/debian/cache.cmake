# Settings for the Debian packages: cmake -C cmake/debian/cache.cmake -S . -B build/debian
set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "Debian's")
set(CMAKE_INSTALL_DOCDIR share/doc/libasl-dev CACHE PATH "Documentation is for developers")
set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type")
set(ASL_WITH_MPI OFF CACHE BOOL "It would put Open MPI onto every machine with the programs")
set(ASL_WITH_CUDA OFF CACHE BOOL "Debian has neither CUDA 13 nor cuDNN")
set(ASL_WITH_CUDA OFF CACHE BOOL "What the GPU module needs is not in Debian")
