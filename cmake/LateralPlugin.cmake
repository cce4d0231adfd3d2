# lateral_add_plugin(my_sensor SOURCES my_sensor.cpp [LINK Eigen3::Eigen ...] [OPTIONS -mavx2 ...] [OUTPUT DIR])
#
# makes `my_sensor.lateral.so` as the host wants it: one exported symbol, everything resolved at load, removable from a
# running process. The same function serves this repository and projects that found the installed package.
#
# Only the version script makes a library removable in every combination of compiler and runtime: hidden visibility
# alone leaves the UNIQUE symbols of the C++ library exported, and glibc never unmaps a library with one.

function(_lateral_refuse_fast_math target)
  # gcc < 13 links a constructor into such libraries that switches the loading thread to flush-to-zero, and with it
  # the language model's numbers.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    return()
  endif()
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  get_target_property(own ${target} COMPILE_OPTIONS)
  get_directory_property(inherited COMPILE_OPTIONS)
  set(all "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS_${config}} ${CMAKE_CXX_FLAGS_${config}}")
  string(APPEND all " ${CMAKE_SHARED_LINKER_FLAGS} ${CMAKE_MODULE_LINKER_FLAGS} ${own} ${inherited}")
  if(all MATCHES "-(Ofast|ffast-math|funsafe-math-optimizations)")
    message(FATAL_ERROR "lateral_add_plugin(${target}): -${CMAKE_MATCH_1} changes the floating-point mode of the host "
                        "when the plugin is loaded. Use -O3 -fno-math-errno -fno-trapping-math instead.")
  endif()
endfunction()

function(lateral_add_plugin target)
  cmake_parse_arguments(arg "" "OUTPUT" "SOURCES;LINK;OPTIONS" ${ARGN})
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lateral_add_plugin(${target}): say SOURCES a.cpp ...; not understood: "
                        "\"${arg_UNPARSED_ARGUMENTS}\"")
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${CMAKE_BINARY_DIR}/lib/lateral)
  endif()
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/lateral-plugin.map)

  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE lateral::plugin ${arg_LINK})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${target} SUFFIX ".lateral.so"
    LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${script}
    BUILD_RPATH "" INSTALL_RPATH "")
  target_compile_options(${target} PRIVATE
    ${arg_OPTIONS} -ftls-model=global-dynamic
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<COMPILE_LANGUAGE:CXX>>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${script} -Wl,-z,now -Wl,-z,noexecstack -Wl,-Bsymbolic)
  get_directory_property(link_options LINK_OPTIONS)
  if(NOT "${link_options} ${CMAKE_MODULE_LINKER_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)  # sanitizers leave their runtime to the program
  endif()
  _lateral_refuse_fast_math(${target})
endfunction()
