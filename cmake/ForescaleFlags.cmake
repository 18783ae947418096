# SPDX-License-Identifier: GPL-3.0-or-later
# forescale::flags carries what every target of ours is compiled with. Never -ffast-math: NaN is our gap.
option(FORESCALE_WERROR "Warnings are errors" OFF)
option(FORESCALE_COVERAGE "Instrument for coverage" OFF)
set(FORESCALE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

add_library(fsc_flags INTERFACE)
add_library(forescale::flags ALIAS fsc_flags)
target_compile_features(fsc_flags INTERFACE c_std_11)
target_compile_definitions(fsc_flags INTERFACE _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
target_compile_options(fsc_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes
    -Wwrite-strings -Wformat=2 -ffp-contract=off -fno-math-errno -fstack-protector-strong
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
    $<$<BOOL:${FORESCALE_WERROR}>:-Werror>)
if(FORESCALE_SANITIZE)
    target_compile_options(fsc_flags INTERFACE -fsanitize=${FORESCALE_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(fsc_flags INTERFACE -fsanitize=${FORESCALE_SANITIZE})
else()
    target_compile_definitions(fsc_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(FORESCALE_COVERAGE)
    target_compile_options(fsc_flags INTERFACE --coverage)
    target_link_options(fsc_flags INTERFACE --coverage)
endif()
target_link_options(fsc_flags INTERFACE -Wl,-z,relro,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
