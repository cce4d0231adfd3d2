// What AOTInductor compiles a module to, as far as libtorch calls it: a library that doubles a table. It stands for the real
// thing where there is no Python to compile it (./dev parity does that).
#include <torch/csrc/inductor/aoti_runtime/interface.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include <cstring>

namespace {

int the_model = 0;
constexpr AOTIRuntimeError kDone = 0, kFailed = 1;

AOTIRuntimeError doubled(AtenTensorHandle input, AtenTensorHandle* output) {
  int64_t *sizes = nullptr, *strides = nullptr;
  int64_t axes = 0, count = 0;
  void *from = nullptr, *to = nullptr;
  int32_t type = 0;
  if (aoti_torch_get_dim(input, &axes) != kDone || aoti_torch_get_sizes(input, &sizes) != kDone ||
      aoti_torch_get_strides(input, &strides) != kDone || aoti_torch_get_numel(input, &count) != kDone ||
      aoti_torch_get_dtype(input, &type) != kDone || type != aoti_torch_dtype_float32() ||
      aoti_torch_empty_strided(axes, sizes, strides, type, aoti_torch_device_type_cpu(), 0, output) !=
          kDone ||
      aoti_torch_get_data_ptr(input, &from) != kDone || aoti_torch_get_data_ptr(*output, &to) != kDone)
    return kFailed;
  for (int64_t i = 0; i < count; ++i) static_cast<float*>(to)[i] = 2 * static_cast<const float*>(from)[i];
  return kDone;
}

}  // namespace

extern "C" {

AOTI_API AOTIRuntimeError AOTInductorModelContainerCreateWithDevice(
    AOTInductorModelContainerHandle* container, size_t, const char* device, const char*) {
  *container = reinterpret_cast<AOTInductorModelContainerHandle>(&the_model);
  return std::strcmp(device, "cpu") == 0 ? kDone : kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerDelete(AOTInductorModelContainerHandle) {
  return kDone;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerRun(AOTInductorModelContainerHandle,
                                                       AtenTensorHandle* inputs, size_t given,
                                                       AtenTensorHandle* outputs, size_t wanted,
                                                       AOTInductorStreamHandle, AOTIProxyExecutorHandle) {
  if (given != 1 || wanted != 1) return kFailed;
  const AOTIRuntimeError result = doubled(inputs[0], &outputs[0]);
  aoti_torch_delete_tensor_object(inputs[0]);  // inputs are given away
  return result;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerRunSingleThreaded(
    AOTInductorModelContainerHandle container, AtenTensorHandle* inputs, size_t given,
    AtenTensorHandle* outputs, size_t wanted, AOTInductorStreamHandle stream, AOTIProxyExecutorHandle proxy) {
  return AOTInductorModelContainerRun(container, inputs, given, outputs, wanted, stream, proxy);
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetNumOutputs(AOTInductorModelContainerHandle,
                                                                 size_t* number) {
  *number = 1;
  return kDone;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetNumConstants(AOTInductorModelContainerHandle,
                                                                   size_t* number) {
  *number = 0;
  return kDone;
}

// The model has no constants: nobody asks for these with success.
AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantName(AOTInductorModelContainerHandle, size_t,
                                                                   const char**) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantOriginalFQN(AOTInductorModelContainerHandle,
                                                                          size_t, const char**) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantDtype(AOTInductorModelContainerHandle, size_t,
                                                                    int32_t*) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateConstantBuffer(AOTInductorModelContainerHandle,
                                                                        AOTInductorConstantMapHandle, bool,
                                                                        bool) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateInactiveConstantBuffer(
    AOTInductorModelContainerHandle, AOTInductorConstantMapHandle) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerRunConstantFolding(AOTInductorModelContainerHandle, bool,
                                                                      AOTInductorStreamHandle,
                                                                      AOTIProxyExecutorHandle) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerSwapConstantBuffer(AOTInductorModelContainerHandle) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateUserManagedConstantBuffer(
    AOTInductorModelContainerHandle, AOTInductorConstantMapHandle, bool, bool) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerUpdateConstantBufferFromCpu(
    AOTInductorModelContainerHandle, AOTInductorConstantMapHandle, bool, bool) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerExtractConstantsMap(AOTInductorModelContainerHandle,
                                                                       AOTInductorConstantMapHandle, bool) {
  return kFailed;
}

AOTI_API AOTIRuntimeError
AOTInductorModelContainerFreeInactiveConstantBuffer(AOTInductorModelContainerHandle) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetConstantsBlobSize(AOTInductorModelContainerHandle,
                                                                        uint64_t*) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorModelUpdateConstantsFromBlob(AOTInductorModelContainerHandle,
                                                                  const uint8_t*) {
  return kFailed;
}

AOTI_API AOTIRuntimeError AOTInductorGetLastError(const char** text) {
  *text = "the model takes one table of float32";
  return kDone;
}

AOTI_API AOTIRuntimeError AOTInductorModelContainerGetCallSpec(AOTInductorModelContainerHandle,
                                                               const char** in, const char** out) {
  *in = *out = "";
  return kDone;
}

}  // extern "C"
