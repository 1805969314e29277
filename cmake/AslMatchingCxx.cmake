# For tests that need C++, which the library does not: enables it with the compiler that belongs to
# the C compiler, since the sanitizers of both must be the same. CMAKE_CXX_COMPILER is false when
# there is none.
if(NOT CMAKE_CXX_COMPILER)
  get_filename_component(folder "${CMAKE_C_COMPILER}" DIRECTORY)
  get_filename_component(name "${CMAKE_C_COMPILER}" NAME)
  string(REGEX REPLACE "clang" "clang++" name "${name}")
  string(REGEX REPLACE "gcc" "g++" name "${name}")
  string(REGEX REPLACE "(^|-)cc$" "\\1c++" name "${name}")
  find_program(ASL_TEST_MATCHING_CXX NAMES "${name}" HINTS "${folder}")
  if(ASL_TEST_MATCHING_CXX)
    set(CMAKE_CXX_COMPILER "${ASL_TEST_MATCHING_CXX}")
  endif()
endif()
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
endif()
