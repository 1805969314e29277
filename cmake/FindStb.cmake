# Finds the headers stb_image.h and stb_image_write.h; defines Stb::Stb.
find_path(STB_INCLUDE_DIR NAMES stb_image.h PATH_SUFFIXES stb)
mark_as_advanced(STB_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Stb REQUIRED_VARS STB_INCLUDE_DIR)
if(Stb_FOUND AND NOT TARGET Stb::Stb)
  add_library(Stb::Stb INTERFACE IMPORTED)
  set_target_properties(Stb::Stb PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${STB_INCLUDE_DIR}")
endif()
