// aclAippInfo of an input with AIPP.
#include "model/model_desc.h"

namespace cairn {
namespace {

void copy_geometry(const AippParams& p, aclAippInfo& out) {
  out.inputFormat = static_cast<aclAippInputFormat>(p.input_format);
  out.srcImageSizeW = p.src_image_size_w;
  out.srcImageSizeH = p.src_image_size_h;
  out.cropSwitch = p.crop;
  out.loadStartPosW = p.load_start_pos_w;
  out.loadStartPosH = p.load_start_pos_h;
  out.cropSizeW = p.crop_size_w;
  out.cropSizeH = p.crop_size_h;
  out.resizeSwitch = p.resize;
  out.resizeOutputW = p.resize_output_w;
  out.resizeOutputH = p.resize_output_h;
  out.paddingSwitch = p.padding;
  out.leftPaddingSize = p.left_padding_size;
  out.rightPaddingSize = p.right_padding_size;
  out.topPaddingSize = p.top_padding_size;
  out.bottomPaddingSize = p.bottom_padding_size;
}

void copy_colour(const AippParams& p, aclAippInfo& out) {
  out.cscSwitch = p.csc_switch;
  out.rbuvSwapSwitch = p.rbuv_swap_switch;
  out.axSwapSwitch = p.ax_swap_switch;
  out.singleLineMode = p.single_line_mode;
  out.matrixR0C0 = p.matrix[0][0];
  out.matrixR0C1 = p.matrix[0][1];
  out.matrixR0C2 = p.matrix[0][2];
  out.matrixR1C0 = p.matrix[1][0];
  out.matrixR1C1 = p.matrix[1][1];
  out.matrixR1C2 = p.matrix[1][2];
  out.matrixR2C0 = p.matrix[2][0];
  out.matrixR2C1 = p.matrix[2][1];
  out.matrixR2C2 = p.matrix[2][2];
  out.outputBias0 = p.output_bias[0];
  out.outputBias1 = p.output_bias[1];
  out.outputBias2 = p.output_bias[2];
  out.inputBias0 = p.input_bias[0];
  out.inputBias1 = p.input_bias[1];
  out.inputBias2 = p.input_bias[2];
}

void copy_normalisation(const AippParams& p, aclAippInfo& out) {
  out.meanChn0 = p.mean_chn[0];
  out.meanChn1 = p.mean_chn[1];
  out.meanChn2 = p.mean_chn[2];
  out.meanChn3 = p.mean_chn[3];
  out.minChn0 = p.min_chn[0];
  out.minChn1 = p.min_chn[1];
  out.minChn2 = p.min_chn[2];
  out.minChn3 = p.min_chn[3];
  out.varReciChn0 = p.var_reci_chn[0];
  out.varReciChn1 = p.var_reci_chn[1];
  out.varReciChn2 = p.var_reci_chn[2];
  out.varReciChn3 = p.var_reci_chn[3];
}

Status add_dims(const OmTensor& written, aclAippInfo& out) {
  aclAippDims& dims = out.outDims[out.shapeCount++];
  CAIRN_RETURN_IF_ERROR(copy_dims(written.name, written.dims, dims.srcDims));
  dims.srcSize = written.bytes;
  // The engine has no layout of its own for the network's input: before and after AIPP the tensor is the
  // same.
  dims.aippOutdims = dims.srcDims;
  dims.aippOutSize = written.bytes;
  return {};
}

}  // namespace

Status fill_aipp_info(const ModelInfo& info, size_t index, aclAippInfo& out) {
  const OmInput& input = info.inputs[index];
  if (!input.aipp)
    return error(
        ACL_ERROR_GE_AIPP_NOT_EXIST, "MDL-043",
        "input {} has no AIPP; convert the model with --insert_op_conf, or ask acl.mdl.get_aipp_type first",
        input.name);
  out = {};
  if (!input.aipp->is_dynamic()) {  // What is valid with dynamic AIPP stands below [AIPP-063].
    copy_geometry(input.aipp->params, out);
    copy_colour(input.aipp->params, out);
    copy_normalisation(input.aipp->params, out);
  }
  const OmTensor& original = input.aipp->original;
  out.srcFormat = original.format;
  out.srcDatatype = original.data_type;
  out.srcDimNum = original.dims.size();
  if (info.has_open_shapes) return add_dims(original, out);  // Sizes that are open are -1, and the bytes 0.
  for (const OmShapes& gear : info.gears)
    if (out.shapeCount < ACL_MAX_SHAPE_COUNT)
      CAIRN_RETURN_IF_ERROR(add_dims(gear.network_inputs[index], out));
  return {};
}

}  // namespace cairn
