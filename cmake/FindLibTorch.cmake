# Finds libtorch without its own CMake files, which stop without a CUDA toolkit when the wheel is a CUDA build.
# Works with the CPU wheel, the CUDA wheel and the libtorch archive alike.
#
# Looked for, in this order: LATERAL_TORCH (CMake or environment; the folder with include/ and lib/),
# CMAKE_PREFIX_PATH, the project's .venv.
# Result: LibTorch::LibTorch, LibTorch_VERSION, LibTorch_ROOT_DIR, LibTorch_WITH_CUDA.

set(_hints "")
foreach(_hint "${LATERAL_TORCH}" "$ENV{LATERAL_TORCH}")
  if(_hint)
    if(NOT EXISTS "${_hint}/include/ATen/ATen.h")
      message(FATAL_ERROR "LATERAL_TORCH=${_hint}: no include/ATen/ATen.h there. Name the folder that holds "
                          "include/ and lib/ (for a wheel: .../site-packages/torch).")
    endif()
    list(APPEND _hints "${_hint}")
  endif()
endforeach()
file(GLOB _venv_torch "${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")

find_path(LibTorch_ROOT_DIR include/ATen/ATen.h
  HINTS ${_hints}
  PATHS ${CMAKE_PREFIX_PATH} ${_venv_torch}
  PATH_SUFFIXES libtorch torch
  NO_DEFAULT_PATH)

if(LibTorch_ROOT_DIR)
  foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    set(_file "${LibTorch_ROOT_DIR}/include/${_header}")
    if(EXISTS "${_file}" AND NOT LibTorch_VERSION)
      file(STRINGS "${_file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3"
             LibTorch_VERSION "${_lines}")
    endif()
  endforeach()
  foreach(_name torch torch_cpu c10)
    find_library(LibTorch_${_name}_LIBRARY ${_name} HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
    mark_as_advanced(LibTorch_${_name}_LIBRARY)
  endforeach()
  foreach(_name torch_cuda c10_cuda)
    find_library(LibTorch_${_name}_LIBRARY ${_name} HINTS "${LibTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH)
    mark_as_advanced(LibTorch_${_name}_LIBRARY)
  endforeach()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_ROOT_DIR LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "Run ./dev setup, or name an installation with LATERAL_TORCH=/path/to/torch. \
(Debian 12's own libtorch 1.13 is too old: it lacks the attention kernels and the C++20 headers used here.)")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES
      "${LibTorch_ROOT_DIR}/include;${LibTorch_ROOT_DIR}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES
      "${LibTorch_ROOT_DIR}/include;${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  set(_libs ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  set(LibTorch_WITH_CUDA OFF)
  if(LibTorch_torch_cuda_LIBRARY)
    set(LibTorch_WITH_CUDA ON)
    # Nothing here calls libtorch_cuda by name: without --no-as-needed the linker would drop it, and with it CUDA.
    list(APPEND _libs "-Wl,--no-as-needed" ${LibTorch_torch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY}
         "-Wl,--as-needed")
  endif()
  # The wheel's libraries find each other through their own RPATH; the linker needs to be told.
  set_target_properties(LibTorch::LibTorch PROPERTIES
    INTERFACE_LINK_LIBRARIES "${_libs}"
    INTERFACE_LINK_OPTIONS "-Wl,-rpath-link,${LibTorch_ROOT_DIR}/lib")
  message(STATUS "libtorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR} (CUDA: ${LibTorch_WITH_CUDA})")
endif()
