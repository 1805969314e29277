# `cpack` makes the Debian packages in the build folder, with Debian's own tools: CPack's generator
# knows neither Multi-Arch nor triggers. Configure with -C cmake/debian/cache.cmake for it.
set(CPACK_GENERATOR External)
set(CPACK_EXTERNAL_ENABLE_STAGING ON)
set(CPACK_EXTERNAL_PACKAGE_SCRIPT "${PROJECT_SOURCE_DIR}/cmake/debian/cpack.cmake")
set(CPACK_COMPONENTS_ALL runtime dev doc tools python)
if(NOT ASL_BUILD_EXAMPLES)
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_PACKAGE_NAME libasl)
set(CPACK_PACKAGE_CONTACT "see cmake/debian/control")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
