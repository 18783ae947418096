# SPDX-License-Identifier: GPL-3.0-or-later
# What is installed, and the Debian package of it (scripts/package.sh).
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES README.md docs/options.md docs/errors.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_BINARY_DIR}/forescale.spdx.json DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL) # scripts/sbom.py
install(DIRECTORY cronjobs DESTINATION ${CMAKE_INSTALL_DATADIR}/forescale)
# kubectl takes it for its command `forescale`.
install(CODE "file(CREATE_LINK forescale \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/kubectl-forescale\" SYMBOLIC)")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "The forescale maintainers")
set(CPACK_PACKAGE_CONTACT "The forescale maintainers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
include(CPack)
