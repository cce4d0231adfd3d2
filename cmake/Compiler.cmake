# Warnings, sanitizers and the compiler cache, each as one interface target or one setting.

add_library(lateral_warnings INTERFACE)
target_compile_options(lateral_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow                                       # a shadowed name is read as the other one
  -Wcast-qual                                    # const is a promise at the plugin border
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-c99-extensions>  # libseccomp's macros are compound literals
  $<$<BOOL:${LATERAL_WERROR}>:-Werror>)

# Left out with a sanitizer is what is broken on purpose: the corpus, the checker's and the live host's run over it, and
# projects built as strangers build them. A sanitizer handles the faults that these provoke itself, its shadow memory
# knows no memory limit, and plugins that were built without it are refused. `./dev storm` then plays without bad plugins.
if(LATERAL_SANITIZE)
  add_compile_options(-fsanitize=${LATERAL_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${LATERAL_SANITIZE})
  # What a sanitizer adds to the code hides from gcc 12 that a variant's alternative is set: only false alarms were seen.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(lateral_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# ccache reaches files with a precompiled header only with -fpch-preprocess (see Layers.cmake) and this sloppiness.
find_program(LATERAL_CCACHE ccache)
if(LATERAL_CCACHE)
  foreach(lang C CXX)
    set(CMAKE_${lang}_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${LATERAL_CCACHE})
  endforeach()
endif()
