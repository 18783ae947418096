# SPDX-License-Identifier: GPL-3.0-or-later
# Debian's packages, found by pkg-config; each is linked by the one layer that adapts it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(dep gsl:GSL:libgsl-dev libcurl:CURL:libcurl4-openssl-dev libcjson:CJSON:libcjson-dev yaml-0.1:YAML:libyaml-dev
        sqlite3:SQLITE:libsqlite3-dev libpq:PQ:libpq-dev zlib:ZLIB:zlib1g-dev expat:EXPAT:libexpat1-dev)
    string(REPLACE ":" ";" dep "${dep}")
    list(GET dep 0 module)
    list(GET dep 1 name)
    list(GET dep 2 package)
    pkg_check_modules(${name} IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${name}_FOUND)
        message(FATAL_ERROR "${module} is missing: install ${package}, or run ./dev build, which does")
    endif()
endforeach()
