// acl.mdl: the parameters of dynamic AIPP (10.6.2).
#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "acl/acl_mdl.h"
#include "arguments.h"
#include "base/recent_error.h"
#include "base/status.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::Real;
using cairn::python::to_python;
using cairn::python::with_gil;

namespace {

/// Saturated to a byte a wrong bias would become a good one, so it is refused here.
bool are_bytes(std::initializer_list<int32_t> values) {
  for (const int32_t value : values) {
    if (value >= 0 && value <= UINT8_MAX) continue;
    cairn::record_error(
        "aclmdlSetAIPPCscParams",
        cairn::error(ACL_ERROR_INVALID_PARAM, "AIPP-028", "a CSC bias is {}; it must be in [0, 255]", value));
    return false;
  }
  return true;
}

uint8_t byte(int32_t value) {
  return static_cast<uint8_t>(value);
}

aclError set_csc(Address aipp, Int<int8_t> on, Int<int16_t> m00, Int<int16_t> m01, Int<int16_t> m02,
                 Int<int16_t> m10, Int<int16_t> m11, Int<int16_t> m12, Int<int16_t> m20, Int<int16_t> m21,
                 Int<int16_t> m22, Int<int32_t> out0, Int<int32_t> out1, Int<int32_t> out2, Int<int32_t> in0,
                 Int<int32_t> in1, Int<int32_t> in2) {
  if (on == 1 && !are_bytes({out0, out1, out2, in0, in1, in2})) return ACL_ERROR_INVALID_PARAM;
  return with_gil([&] {
    return aclmdlSetAIPPCscParams(aipp.as<aclmdlAIPP>(), on, m00, m01, m02, m10, m11, m12, m20, m21, m22,
                                  byte(out0), byte(out1), byte(out2), byte(in0), byte(in1), byte(in2));
  });
}

void bind_common(nb::module_& m) {
  const auto aipp = nb::arg("aipp_parms_set").none();
  m.def(
      "create_aipp",
      [](Int<uint64_t> batch) { return to_python(with_gil([&] { return aclmdlCreateAIPP(batch); })); },
      nb::arg("batch_size"));
  m.def(
      "destroy_aipp",
      [](Address a) { return with_gil([&] { return aclmdlDestroyAIPP(a.as<aclmdlAIPP>()); }); }, aipp);
  m.def(
      "set_aipp_input_format",
      [](Address a, Int<int32_t> format) {
        return with_gil([&] {
          return aclmdlSetAIPPInputFormat(a.as<aclmdlAIPP>(), static_cast<aclAippInputFormat>(format.value));
        });
      },
      aipp, nb::arg("input_format"));
  m.def("set_aipp_csc_params", set_csc, aipp, nb::arg("csc_switch"), nb::arg("csc_matrix_R0C0"),
        nb::arg("csc_matrix_R0C1"), nb::arg("csc_matrix_R0C2"), nb::arg("csc_matrix_R1C0"),
        nb::arg("csc_matrix_R1C1"), nb::arg("csc_matrix_R1C2"), nb::arg("csc_matrix_R2C0"),
        nb::arg("csc_matrix_R2C1"), nb::arg("csc_matrix_R2C2"), nb::arg("csc_output_bias_R0") = 0,
        nb::arg("csc_output_bias_R1") = 0, nb::arg("csc_output_bias_R2") = 0,
        nb::arg("csc_input_bias_R0") = 0, nb::arg("csc_input_bias_R1") = 0, nb::arg("csc_input_bias_R2") = 0);
  m.def(
      "set_aipp_rbuv_swap_switch",
      [](Address a, Int<int8_t> on) {
        return with_gil([&] { return aclmdlSetAIPPRbuvSwapSwitch(a.as<aclmdlAIPP>(), on); });
      },
      aipp, nb::arg("rbuv_swap_switch"));
  m.def(
      "set_aipp_ax_swap_switch",
      [](Address a, Int<int8_t> on) {
        return with_gil([&] { return aclmdlSetAIPPAxSwapSwitch(a.as<aclmdlAIPP>(), on); });
      },
      aipp, nb::arg("ax_swap_switch"));
  m.def(
      "set_aipp_src_image_size",
      [](Address a, Int<int32_t> w, Int<int32_t> h) {
        return with_gil([&] { return aclmdlSetAIPPSrcImageSize(a.as<aclmdlAIPP>(), w, h); });
      },
      aipp, nb::arg("src_image_size_w"), nb::arg("src_image_size_h"));
}

void bind_per_image(nb::module_& m) {
  const auto aipp = nb::arg("aipp_parms_set").none();
  // The batch's first image, where none is named [AIPP-045].
  m.def(
      "set_aipp_crop_params",
      [](Address a, Int<int8_t> on, Int<int32_t> x, Int<int32_t> y, Int<int32_t> w, Int<int32_t> h,
         Int<uint64_t> image) {
        return with_gil([&] { return aclmdlSetAIPPCropParams(a.as<aclmdlAIPP>(), on, x, y, w, h, image); });
      },
      aipp, nb::arg("crop_switch"), nb::arg("crop_start_pos_w"), nb::arg("crop_start_pos_h"),
      nb::arg("crop_size_w"), nb::arg("crop_size_h"), nb::arg("batch_index") = 0);
  m.def(
      "set_aipp_padding_params",
      [](Address a, Int<int8_t> on, Int<int32_t> top, Int<int32_t> bottom, Int<int32_t> left,
         Int<int32_t> right, Int<uint64_t> image) {
        return with_gil([&] {
          return aclmdlSetAIPPPaddingParams(a.as<aclmdlAIPP>(), on, top, bottom, left, right, image);
        });
      },
      aipp, nb::arg("padding_switch"), nb::arg("padding_size_top"), nb::arg("padding_size_bottom"),
      nb::arg("padding_size_left"), nb::arg("padding_size_right"), nb::arg("batch_index") = 0);
  m.def(
      "set_aipp_dtc_pixel_mean",
      [](Address a, Int<int16_t> c0, Int<int16_t> c1, Int<int16_t> c2, Int<int16_t> c3, Int<uint64_t> image) {
        return with_gil([&] { return aclmdlSetAIPPDtcPixelMean(a.as<aclmdlAIPP>(), c0, c1, c2, c3, image); });
      },
      aipp, nb::arg("dtc_pixel_mean_chn0"), nb::arg("dtc_pixel_mean_chn1"), nb::arg("dtc_pixel_mean_chn2"),
      nb::arg("dtc_pixel_mean_chn3") = 0, nb::arg("batch_index") = 0);
  // The manual prints the names of the means for the minima [AIPP-052].
  m.def(
      "set_aipp_dtc_pixel_min",
      [](Address a, Real c0, Real c1, Real c2, Real c3, Int<uint64_t> image) {
        return with_gil([&] { return aclmdlSetAIPPDtcPixelMin(a.as<aclmdlAIPP>(), c0, c1, c2, c3, image); });
      },
      aipp, nb::arg("dtc_pixel_mean_chn0"), nb::arg("dtc_pixel_mean_chn1"), nb::arg("dtc_pixel_mean_chn2"),
      nb::arg("dtc_pixel_mean_chn3") = 0, nb::arg("batch_index") = 0);
  m.def(
      "set_aipp_pixel_var_reci",
      [](Address a, Real c0, Real c1, Real c2, Real c3, Int<uint64_t> image) {
        return with_gil([&] { return aclmdlSetAIPPPixelVarReci(a.as<aclmdlAIPP>(), c0, c1, c2, c3, image); });
      },
      aipp, nb::arg("dtc_pixel_var_reci_chn0") = 1, nb::arg("dtc_pixel_var_reci_chn1") = 1,
      nb::arg("dtc_pixel_var_reci_chn2") = 1, nb::arg("dtc_pixel_var_reci_chn3") = 1,
      nb::arg("batch_index") = 0);
}

void bind_setting(nb::module_& m) {
  m.def(
      "set_input_aipp",
      [](Int<uint32_t> id, Address dataset, Int<size_t> index, Address aipp) {
        return with_gil([&] {
          return aclmdlSetInputAIPP(id, dataset.as<aclmdlDataset>(), index, aipp.as<aclmdlAIPP>());
        });
      },
      nb::arg("model_id"), nb::arg("dataset").none(), nb::arg("index"), nb::arg("aipp_parms_set").none());
  m.def(
      "set_aipp_by_input_index",
      [](Int<uint32_t> id, Address dataset, Int<size_t> index, Address aipp) {
        return with_gil([&] {
          return aclmdlSetAIPPByInputIndex(id, dataset.as<aclmdlDataset>(), index, aipp.as<aclmdlAIPP>());
        });
      },
      nb::arg("model_id"), nb::arg("dataset_in").none(), nb::arg("index"), nb::arg("aipp").none());
}

}  // namespace

void bind_mdl_aipp(nb::module_& m) {
  bind_common(m);
  bind_per_image(m);
  bind_setting(m);
}
