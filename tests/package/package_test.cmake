# cmake -DSOURCE=REPOSITORY -DWORK=FOLDER -DGENERATOR=Ninja -P package_test.cmake
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed:\n${text}")
  endif()
endfunction()

function(expect_refusal what pattern)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(status EQUAL 0 OR NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "${what} should have been refused with \"${pattern}\":\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(prefix ${WORK}/prefix)
set(configure ${CMAKE_COMMAND} -G ${GENERATOR})

# CMAKE_DISABLE_FIND_PACKAGE_LibTorch: the API must not even look for it.
run("configuring the API" ${configure} -S ${SOURCE} -B ${WORK}/api -DLATERAL_PLUGIN_API_ONLY=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_LibTorch=ON -DCMAKE_INSTALL_PREFIX=${prefix})
run("building the API" ${CMAKE_COMMAND} --build ${WORK}/api)
run("installing the API" ${CMAKE_COMMAND} --install ${WORK}/api --component plugin)

set(stranger ${SOURCE}/tests/package/stranger)
run("configuring" ${configure} -S ${stranger} -B ${WORK}/build -DCMAKE_PREFIX_PATH=${prefix})
run("building" ${CMAKE_COMMAND} --build ${WORK}/build)

set(made ${WORK}/build/lib/lateral/my_sensor.lateral)
if(NOT EXISTS ${made}.so)
  message(FATAL_ERROR "no ${made}.so was made")
endif()
file(SHA256 ${made}.so hash)
file(STRINGS ${made}.toml noted REGEX "^sha256 = ")
if(NOT noted STREQUAL "sha256 = \"${hash}\"")
  message(FATAL_ERROR "${made}.toml says ${noted}, the library has ${hash}")
endif()

set(fresh ${CMAKE_COMMAND} -G ${GENERATOR} -S ${stranger} -DCMAKE_PREFIX_PATH=${prefix})
expect_refusal("another component" "not \"host\"" ${fresh} -B ${WORK}/refused-1 -DCOMPONENT=host)
expect_refusal("another version" "version" ${fresh} -B ${WORK}/refused-2 -DVERSION=9.0)
execute_process(COMMAND c++ -dumpversion OUTPUT_VARIABLE gcc)
if(gcc VERSION_LESS 13)
  expect_refusal("-Ofast" "floating-point mode" ${fresh} -B ${WORK}/refused-3 -DCMAKE_CXX_FLAGS=-Ofast)
endif()
