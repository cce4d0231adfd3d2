# A folder is a layer, and a layer is one static target (docs/architecture.md).
#
#   lateral_layer(model FOLDER core/model SOURCES a.cpp b.cpp DEPENDS core_tensor [TORCH])
#
# makes the target `core_model`. Its include directory holds a link to its own folder and nothing else, so
# `#include "core/model/decoder.hpp"` compiles only in targets that link core_model: a wrong arrow does not compile.
# TORCH layers share one precompiled ATen header, which the first of them (core_tensor) builds.

function(lateral_layer_includes target folder)
  set(view ${CMAKE_BINARY_DIR}/layers/${target})
  get_filename_component(parent ${view}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${view}/${folder} SYMBOLIC)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_include_directories(${target} INTERFACE ${view})
  else()
    target_include_directories(${target} PUBLIC ${view})
  endif()
endfunction()

function(lateral_use_pch target)
  target_compile_options(${target} PRIVATE -fpch-preprocess -Winvalid-pch)
  if(target STREQUAL "core_tensor")
    target_precompile_headers(core_tensor PRIVATE <ATen/ATen.h> <string> <vector> <memory> <optional>)
  else()
    target_precompile_headers(${target} REUSE_FROM core_tensor)
  endif()
endfunction()

function(lateral_layer name)
  cmake_parse_arguments(arg "TORCH" "FOLDER" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  string(REPLACE "/" "_" target "${arg_FOLDER}")
  add_library(${target} STATIC ${arg_SOURCES})
  lateral_layer_includes(${target} ${arg_FOLDER})
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS}
                        PRIVATE $<BUILD_INTERFACE:lateral_warnings> ${arg_PRIVATE_DEPENDS})
  if(arg_TORCH)
    target_link_libraries(${target} PUBLIC LibTorch::LibTorch)
    lateral_use_pch(${target})
  endif()
endfunction()

# lateral_test(core_model FOLDER tests/core/model SOURCES ... LINK core_model [TORCH])
# One executable of Catch2 tests for one layer. Sources are an object library, so that the shared PCH (PIC) applies.
function(lateral_test name)
  cmake_parse_arguments(arg "TORCH" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  set(target test_${name})
  add_library(${target}_objects OBJECT ${arg_SOURCES})
  target_link_libraries(${target}_objects PUBLIC ${arg_LINK} lateral_test_support PRIVATE lateral_warnings)
  if(arg_TORCH)
    target_link_libraries(${target}_objects PUBLIC LibTorch::LibTorch)
    lateral_use_pch(${target}_objects)
  endif()
  add_executable(${target})
  target_link_libraries(${target} PRIVATE ${target}_objects lateral_test_main)
  add_test(NAME ${name} COMMAND ${target})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
