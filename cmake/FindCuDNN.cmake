# Finds cuDNN's headers and library, by default beside CUDA's; defines CuDNN::CuDNN, CuDNN_VERSION.
find_path(CUDNN_INCLUDE_DIR NAMES cudnn_version.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
# The second name is all that NVIDIA's Python packages have.
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS "${CUDAToolkit_LIBRARY_DIR}")
mark_as_advanced(CUDNN_INCLUDE_DIR CUDNN_LIBRARY)
if(CUDNN_INCLUDE_DIR)
  file(STRINGS "${CUDNN_INCLUDE_DIR}/cudnn_version.h" lines
       REGEX "^#define CUDNN_(MAJOR|MINOR|PATCH)")
  string(REGEX REPLACE "[^0-9;]+" "" lines "${lines}")
  string(REPLACE ";" "." CuDNN_VERSION "${lines}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CuDNN REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR
                                  VERSION_VAR CuDNN_VERSION)
if(CuDNN_FOUND AND NOT TARGET CuDNN::CuDNN)
  add_library(CuDNN::CuDNN UNKNOWN IMPORTED)
  set_target_properties(CuDNN::CuDNN PROPERTIES IMPORTED_LOCATION "${CUDNN_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${CUDNN_INCLUDE_DIR}")
endif()
