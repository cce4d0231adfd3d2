# lateral_add_plugin(my_sensor SOURCES my_sensor.cpp [MANIFEST my_sensor.toml] [LINK Eigen3::Eigen ...]
#                    [OPTIONS -mavx2 ...] [OUTPUT DIR])
#
# makes `my_sensor.lateral.so` as the host wants it: one exported symbol, everything resolved at load, removable from a
# running process. With MANIFEST, `my_sensor.lateral.toml` is written beside it, with the library's sha256, so that a host
# knows what the plugin is without running it. The same function serves this repository and projects that found the installed package.
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

# Beside the library, after every link: its own contents are part of the manifest.
function(_lateral_write_manifest target manifest output)
  set(sidecar ${output}/${target}.lateral.toml)
  if(NOT manifest)
    file(REMOVE ${sidecar})  # that of an earlier build speaks of another library
    return()
  endif()
  get_filename_component(manifest ${manifest} ABSOLUTE)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/LateralManifest.cmake)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${manifest} ${script})
  add_custom_command(TARGET ${target} POST_BUILD BYPRODUCTS ${sidecar}
    COMMAND ${CMAKE_COMMAND} -DLIBRARY=$<TARGET_FILE:${target}> -DMANIFEST=${manifest} -DOUTPUT=${sidecar} -P ${script}
    VERBATIM)
endfunction()

function(lateral_add_plugin target)
  cmake_parse_arguments(arg "" "OUTPUT;MANIFEST" "SOURCES;LINK;OPTIONS" ${ARGN})
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
  _lateral_write_manifest(${target} "${arg_MANIFEST}" ${arg_OUTPUT})
endfunction()
