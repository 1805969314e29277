# What `cmake --install` lays down, by component: runtime (the library), dev (to build with it),
# python, doc; the programs, tools, say so in examples/. docs/packaging.md lists it all.
include(CMakePackageConfigHelpers)

set(ASL_INSTALL_PYTHONDIR "lib/python3/dist-packages" CACHE STRING
    "Where the Python package goes, below the prefix")
mark_as_advanced(ASL_INSTALL_PYTHONDIR)

# asl_find_library_beside(PROGRAM FOLDER): installed into FOLDER it finds the library by a path from
# there, so that the prefix can be moved. What is in /usr the system finds.
function(asl_find_library_beside program folder)
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    file(RELATIVE_PATH path "${folder}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/${path}")
  endif()
endfunction()

# The library, its headers, and what finds them: asl.pc and the CMake package. The latter is called
# aslConfig.cmake: asl-config.cmake would also answer to find_package(ASL), an unrelated library.
set(generated "${PROJECT_BINARY_DIR}/cmake")
set(config_folder "${CMAKE_INSTALL_LIBDIR}/cmake/asl")

install(TARGETS asl EXPORT asl_shared
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT dev
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT asl_shared NAMESPACE asl:: FILE aslSharedTargets.cmake
  DESTINATION "${config_folder}" COMPONENT dev)

set(private_modules "")
set(private_libraries "")
if(ASL_BUILD_STATIC)
  install(TARGETS asl_static EXPORT asl_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT asl_static NAMESPACE asl:: FILE aslStaticTargets.cmake
    DESTINATION "${config_folder}" COMPONENT dev)
  set(private_modules "zlib jansson")
  if(ASL_HAVE_LIBJPEG)
    string(APPEND private_modules " libjpeg")
  endif()
  set(private_libraries "-lm -pthread")
endif()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/asl" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT dev FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_SOURCE_DIR}/bindings/cpp/asl.hpp"
              "${PROJECT_SOURCE_DIR}/bindings/cpp/base.hpp"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/asl" COMPONENT dev)

file(RELATIVE_PATH prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH includes "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(RELATIVE_PATH libraries "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_LIBDIR}")
configure_file(cmake/asl.pc.in "${generated}/asl.pc" @ONLY)
install(FILES "${generated}/asl.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)

configure_package_config_file(cmake/aslConfig.cmake.in "${generated}/aslConfig.cmake"
  INSTALL_DESTINATION "${config_folder}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${generated}/aslConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion)
install(FILES "${generated}/aslConfig.cmake" "${generated}/aslConfigVersion.cmake"
  DESTINATION "${config_folder}" COMPONENT dev)

# The Python package, and the documentation.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/bindings/python/libasl"
  DESTINATION "${ASL_INSTALL_PYTHONDIR}" COMPONENT python
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc
  FILES_MATCHING PATTERN "*.md" PATTERN man EXCLUDE PATTERN completion EXCLUDE)
