// ABI 1.0 in numbers. A change here breaks every plugin that was ever built: append fields, do not move them.
#include <lateral/plugin.h>

#include <cstddef>

#include "tests/support/catch.hpp"

#define OFFSET(type, field, bytes) CHECK(offsetof(type, field) == (bytes))

TEST_CASE("structs have the sizes of ABI 1.0") {
  CHECK(sizeof(lat_err) == 32);
  CHECK(sizeof(lat_kv) == 64);
  CHECK(sizeof(lat_dltensor) == 48);
  CHECK(sizeof(lat_tensor) == 80);
  CHECK(sizeof(lat_input_info) == 64);
  CHECK(sizeof(lat_encoder_info) == 96);
  CHECK(sizeof(lat_plan) == 56);
  CHECK(sizeof(lat_encode) == 120);
  CHECK(sizeof(lat_host) == 48);
  CHECK(sizeof(lat_plugin) == 128);
  CHECK(sizeof(lat_token_output_info) == 64);
  CHECK(sizeof(lat_token_output) == 16);
  CHECK(sizeof(lat_note_desc) == 64);
  CHECK(sizeof(lat_note) == 84);
}

TEST_CASE("small structs keep their fields in place") {
  OFFSET(lat_err, code, 8);
  OFFSET(lat_err, detail, 12);
  OFFSET(lat_err, msg_cap, 16);
  OFFSET(lat_err, msg, 24);
  OFFSET(lat_kv, type, 4);
  OFFSET(lat_kv, key, 8);
  OFFSET(lat_kv, i64, 16);
  OFFSET(lat_kv, f64, 24);
  OFFSET(lat_kv, str, 32);
  OFFSET(lat_kv, i64s, 40);
  OFFSET(lat_kv, bytes, 48);
  OFFSET(lat_kv, count, 56);
  OFFSET(lat_plan, n_tokens, 8);
  OFFSET(lat_plan, workspace_bytes, 16);
  OFFSET(lat_plan, reserved, 24);
  OFFSET(lat_note_desc, id, 16);
  OFFSET(lat_note_desc, version, 48);
  OFFSET(lat_note, name, 12);
  OFFSET(lat_note, desc, 20);
  OFFSET(lat_token_output_info, width, 8);
  OFFSET(lat_token_output_info, axes, 16);
  OFFSET(lat_token_output_info, units, 24);
  OFFSET(lat_token_output, describe, 8);
}

TEST_CASE("tensors look like DLPack's from the inside") {
  OFFSET(lat_dltensor, data, 0);
  OFFSET(lat_dltensor, device_type, 8);
  OFFSET(lat_dltensor, device_id, 12);
  OFFSET(lat_dltensor, ndim, 16);
  OFFSET(lat_dltensor, dtype_code, 20);
  OFFSET(lat_dltensor, dtype_bits, 21);
  OFFSET(lat_dltensor, dtype_lanes, 22);
  OFFSET(lat_dltensor, shape, 24);
  OFFSET(lat_dltensor, strides, 32);
  OFFSET(lat_dltensor, byte_offset, 40);
  OFFSET(lat_tensor, flags, 4);
  OFFSET(lat_tensor, dl, 8);
  OFFSET(lat_tensor, capacity_bytes, 56);
  OFFSET(lat_tensor, t_ns, 64);
  OFFSET(lat_tensor, name, 72);
}

TEST_CASE("declarations and calls keep their fields in place") {
  OFFSET(lat_input_info, name, 8);
  OFFSET(lat_input_info, kind, 16);
  OFFSET(lat_input_info, dtype, 20);
  OFFSET(lat_input_info, ndim, 24);
  OFFSET(lat_input_info, n_columns, 28);
  OFFSET(lat_input_info, shape, 32);
  OFFSET(lat_input_info, columns, 40);
  OFFSET(lat_input_info, units, 48);
  OFFSET(lat_input_info, rate_hz, 56);
  OFFSET(lat_encoder_info, name, 8);
  OFFSET(lat_encoder_info, modality, 16);
  OFFSET(lat_encoder_info, token_space, 24);
  OFFSET(lat_encoder_info, token_width, 32);
  OFFSET(lat_encoder_info, max_tokens, 36);
  OFFSET(lat_encoder_info, token_dtype, 40);
  OFFSET(lat_encoder_info, n_inputs, 44);
  OFFSET(lat_encoder_info, inputs, 48);
  OFFSET(lat_encoder_info, token_limit, 56);
  OFFSET(lat_encoder_info, reserved, 64);
  OFFSET(lat_encode, request, 8);
  OFFSET(lat_encode, in, 16);
  OFFSET(lat_encode, out, 24);
  OFFSET(lat_encode, n_in, 32);
  OFFSET(lat_encode, n_out, 36);
  OFFSET(lat_encode, stream, 40);
  OFFSET(lat_encode, device_type, 48);
  OFFSET(lat_encode, device_id, 52);
  OFFSET(lat_encode, cancel_word, 56);
  OFFSET(lat_encode, deadline_ns, 64);
  OFFSET(lat_encode, workspace, 72);
  OFFSET(lat_encode, n_tokens, 80);
  OFFSET(lat_encode, reserved, 88);
}

TEST_CASE("both tables keep their functions in place") {
  OFFSET(lat_host, abi_minor, 4);
  OFFSET(lat_host, plugin_dir, 8);
  OFFSET(lat_host, log, 16);
  OFFSET(lat_host, now_ns, 24);
  OFFSET(lat_host, parallel_for, 32);
  OFFSET(lat_host, get_capability, 40);
  OFFSET(lat_plugin, abi_minor_built, 8);
  OFFSET(lat_plugin, abi_minor_required, 12);
  OFFSET(lat_plugin, sanitizer, 16);
  OFFSET(lat_plugin, flags, 20);
  OFFSET(lat_plugin, id, 24);
  OFFSET(lat_plugin, version, 32);
  OFFSET(lat_plugin, build_id, 40);
  OFFSET(lat_plugin, init, 48);
  OFFSET(lat_plugin, shutdown, 56);
  OFFSET(lat_plugin, encoder_count, 64);
  OFFSET(lat_plugin, encoder_info, 72);
  OFFSET(lat_plugin, create, 80);
  OFFSET(lat_plugin, destroy, 88);
  OFFSET(lat_plugin, plan, 96);
  OFFSET(lat_plugin, encode, 104);
  OFFSET(lat_plugin, cancel, 112);
  OFFSET(lat_plugin, get_capability, 120);
}

TEST_CASE("element types are DLPack's codes") {
  CHECK(LAT_DTYPE_U8 == (1U | 8U << 8U | 1U << 16U));
  CHECK(LAT_DTYPE_F32 == (2U | 32U << 8U | 1U << 16U));
}
