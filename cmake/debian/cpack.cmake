# CPack runs this once it has installed every component into a folder of its own.
if(NOT CPACK_PACKAGING_INSTALL_PREFIX STREQUAL "/usr")
  message(FATAL_ERROR "Debian packages install into /usr, this build into "
    "'${CPACK_PACKAGING_INSTALL_PREFIX}': configure with -C cmake/debian/cache.cmake")
endif()
execute_process(
  COMMAND bash "${CMAKE_CURRENT_LIST_DIR}/package.sh"
          "${CPACK_TEMPORARY_DIRECTORY}" "${CPACK_PACKAGE_DIRECTORY}"
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "cmake/debian/package.sh failed (${result})")
endif()
