#include "compiler/compile_error.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "acl/acl_base.h"

namespace cairn {
namespace {

struct CompileErrorText {
  std::string_view code;
  std::string_view message;  // "{}" stands for the next argument.
  std::string_view cause;
  std::string_view solution;
};

constexpr std::array kTexts = std::to_array<CompileErrorText>({
    {"E10001", "Value [{}] for parameter [{}] is invalid. Reason: {}", "",
     "Give a value that the reason allows; atc --help lists the options."},
    {"E10002", "Value [{}] for parameter [--input_shape] is invalid. Reason: {}", "",
     "Write it as --input_shape=\"name1:d0,d1,...;name2:d0,d1,...\"."},
    {"E10003", "Value [{}] for parameter [{}] is invalid. Reason: {}", "",
     "Give a value that the reason allows."},
    {"E10004", "Value for parameter [{}] is empty.",
     "The option was given without a value, or the shell took the value away.",
     "Give a value, in quotation marks if it has blanks or semicolons."},
    {"E10005", "Value [{}] for parameter [{}] is invalid. It must be true or false.", "",
     "Give true or false."},
    {"E10006", "Value [{}] for parameter [{}] is invalid. It must be 0 or 1.", "", "Give 0 or 1."},
    {"E10007", "Parameter [{}] is required. {}", "The option is missing on the command line.",
     "Add the option."},
    {"E10008", "Parameter [--weight] is required when [--framework] is 0 (Caffe).", "",
     "Name the .caffemodel file with --weight."},
    {"E10009", "Parameters [{}] exclude one another.", "", "Give one of them."},
    {"E10010", "Value [{}] for parameter [--log] is invalid. Allowed are null, debug, info, warning, error.",
     "", "Give one of these."},
    {"E10011", "Value [{}] for parameter [--input_shape] is invalid: dim [{}] of [{}] is not greater than 0.",
     "", "Give sizes greater than 0, or -1 for a dim that changes at run time."},
    {"E10012", "Input [{}] has no dims, but [--dynamic_batch_size] needs a batch.", "",
     "Take the input out of --input_shape."},
    {"E10016", "Node [{}] of parameter [{}] is not in the model. {}",
     "The name is misspelt, or the model has changed.",
     "Look the name up in the model, for instance with Netron."},
    {"E10017", "Node [{}] of parameter [{}] is not an input of the model. {}", "",
     "Name an input of the model."},
    {"E10018", "Shape [{}] of parameter [--input_shape] cannot be used with [--dynamic_batch_size].",
     "Only the first dim, the batch, may be -1.", "Give all other sizes."},
    {"E10019",
     "Shape [{}] of parameter [--input_shape] cannot be used with [--dynamic_image_size]: exactly height and "
     "width of 4 dims must be -1, in the layout {}.",
     "", "Write -1 for height and width, and sizes for the others."},
    {"E10020", "Value [{}] for parameter [{}] is invalid. Reason: {}", "",
     "Write it as \"height1,width1;height2,width2\"."},
    {"E10021", "The path in parameter [{}] has {} characters, more than the {} that the system takes.", "",
     "Use a shorter path."},
    {"E10022", "Value [{}] for parameter [--output] names no file.",
     "The path ends with a slash, or is a folder.",
     "Give a path with the file's name at the end, without suffix."},
    {"E10024", "File [{}] in parameter [--singleop] cannot be opened. Reason: {}",
     "The path is misspelt, or rights are missing.", "Check path and rights of the file."},
    {"E10025", "File [{}] in parameter [--singleop] is not valid. Reason: {}", "",
     "Write a list of operators with op, input_desc, output_desc and attr."},
    {"E10026", "The type of {} in parameter [--singleop] is empty.", "",
     "Give \"op\" the name of an operator."},
    {"E10027", "Value [{}] for {} in parameter [--singleop] is invalid. Reason: {}", "",
     "Give a value that the reason allows."},
    {"E10029", "An attribute of {} in parameter [--singleop] has no name.", "",
     "Write attributes as {\"name\": ..., \"type\": ..., \"value\": ...}."},
    {"E10030", "Value [{}] for attribute [{}] of {} in parameter [--singleop] is invalid.",
     "Type and value do not go together.",
     "Types are bool, int, float, string, list_bool, list_int, list_float, list_string, list_list_int, "
     "data_type."},
    {"E10031", "No input has -1 as its first dim, but [--dynamic_batch_size] is given.", "",
     "Write -1 for the batch in --input_shape."},
    {"E10034", "Input [{}] has AIPP and stands in [--input_fp16_nodes] too.", "",
     "Take the input out of one of them."},
    {"E10035", "Parameter [{}] lists {} gear(s), at least {} are needed.", "",
     "List more gears, or convert the model for a fixed shape."},
    {"E10036", "Parameter [{}] lists {} gears, at most {} are allowed.", "", "List fewer gears."},
    {"E10037", "The gears of parameter [{}] have different lengths: {} and {} numbers.", "",
     "Give each gear as many numbers."},
    {"E10038", "Number [{}] of parameter [{}] is not greater than 0.", "", "Give numbers greater than 0."},
    {"E10039", "Gear [{}] of parameter [{}] is listed twice.", "", "List each gear once."},
    {"E10040", "Parameter [{}] is given, but no dim of [--input_shape] is -1.", "",
     "Write -1 for the dims that change."},
    {"E10041", "Reading the model file [{}] failed. Reason: {}",
     "The file is damaged, or is no model of the framework given.",
     "Check the file with the tools of its framework, for instance onnx.checker."},
    {"E10042", "Generating the offline model failed. Reason: {}", "", "See the reason."},
    {"E10044", "The host has not enough memory. {}", "",
     "Close other programs, or use a machine with more memory."},
    {"E10045",
     "The gears of [--dynamic_dims] have {} numbers, but the inputs of [--input_shape] have {} dims of -1.",
     "", "Give one number for each -1, in the order of --input_shape."},
    {"E10047", "Parameters [{}] and [{}] exclude one another.", "", "Give one of them."},
    {"E10048", "Value [{}] for parameter [--input_shape_range] is invalid. Reason: {}", "",
     "Write it as --input_shape_range=\"name1:[1~8,3,-1];name2:[8]\"."},
    {"E10049", "Parameter [--input_shape] gives {} dims for [{}], the model has {}.", "",
     "Give one size for each dim of the input."},
    {"E10050", "Value [{}] is invalid: the range [{}] of [{}] ends before it begins.", "",
     "Write a range as least~most."},
    {"E10052", "The AIPP configuration is invalid. Reason: {}", "",
     "Correct the file given with --insert_op_conf."},
    {"E10053", "The command line is wrong. Reason: {}", "", "See atc --help."},
    {"E10055", "This operation is not supported. Reason: {}", "", "See the reason."},
    {"E10056", "Parameters [{}] and [{}] cannot be used together.", "", "Give one of them."},
    {"E10057", "Parameter [{}] needs parameter [{}].", "", "Give both or none."},
    {"E10410", "File [{}] in parameter [{}] does not exist or cannot be read. Reason: {}",
     "The path is misspelt, or rights are missing.", "Check path and rights of the file."},
    {"E10501", "{} operator(s) of the model are not supported: {}.",
     "The operators are misspelt, or have no counterpart here.",
     "See docs/operators.md for those that there are; take the others out of the model."},
    {"E11009", "{} layer(s) of the network have a type that is not supported: {}.",
     "The layers are custom ones, or belong to training.",
     "Replace the layers in the prototxt by those that docs/caffe.md lists, or leave them out for the phase "
     "TEST."},
    {"E11022", "The network in [{}] is not valid. Reason: {}",
     "The prototxt is damaged, or of another Caffe.", "Correct what the reason names."},
    {"E11024", "The weights in [{}] are not valid. Reason: {}",
     "The caffemodel is damaged, or belongs to another network.",
     "Give the weights that were trained with this network."},
    {"E11029", "{} layer(s) have no weights: {}.",
     "The caffemodel belongs to another network, or layers were renamed.",
     "Give the weights that were trained with this network."},
    {"E16001", "The model has no tensor [{}], which {} [{}] takes.", "The model is damaged.",
     "Export the model again and check it with onnx.checker."},
    {"E16002", "{} operator(s) of the model are not supported: {}.",
     "The ONNX operators have no counterpart here.",
     "Replace these operators in the original model, or take them out of it with --out_nodes."},
    {"E16004", "The ONNX model [{}] has no graph.", "The file is damaged or empty.",
     "Export the model again."},
    {"E19001", "File [{}] cannot be opened for writing. Reason: {}",
     "The folder is missing, or rights are missing.", "Check the folder and its rights."},
    {"E19004", "Writing file [{}] failed. Reason: {}", "The disk is full, or a limit was reached.",
     "Make room, or write to another disk."},
    {"E19005", "File [{}] cannot be parsed. Reason: {}", "The file is damaged, or of another kind.",
     "Give a file of the expected kind."},
    {"E19009", "Two nodes of the model have the name [{}].", "The model is damaged.",
     "Export the model again."},
    {"E19010", "{} operator(s) of the model are not supported: {}.",
     "The operators have no counterpart here.",
     "Replace these operators in the original model, or take them out of it with --out_nodes."},
    {"E19014", "The model is not valid. Reason: {}", "",
     "Correct what the reason names: shapes given with --input_shape, the description of a single operator, "
     "or the model (onnx.checker looks at ONNX files)."},
    {"E19015", "File [{}] has {} bytes; {}", "", "Give a file of an allowed size."},
    {"E19018", "File [{}] is no text of a graph. Reason: {}", "The file is damaged, or of another kind.",
     "Give a ge_proto_*.txt file, as DUMP_GE_GRAPH writes it."},
    {"E19999", "Inner Error! {}", "", "Run again with --log=debug and report the output with the model."},
});

const CompileErrorText& find(std::string_view code) {
  for (const CompileErrorText& text : kTexts)
    if (text.code == code) return text;
  return kTexts.back();
}

std::string fill(std::string_view message, std::initializer_list<std::string_view> arguments) {
  std::string text;
  auto next = arguments.begin();
  for (size_t blank = message.find("{}"); blank != std::string_view::npos; blank = message.find("{}")) {
    text += message.substr(0, blank);
    if (next != arguments.end()) text += *next++;
    message.remove_prefix(blank + 2);
  }
  return text += message;
}

}  // namespace

Status compile_error(std::string_view code, std::initializer_list<std::string_view> arguments) {
  const CompileErrorText& entry = find(code);
  std::string text = fmt::format("{}: {}", entry.code, fill(entry.message, arguments));
  if (!entry.cause.empty()) text += fmt::format("\n        Possible Cause: {}", entry.cause);
  if (!entry.solution.empty()) text += fmt::format("\n        Solution: {}", entry.solution);
  return {ACL_ERROR_GE_FAILURE, std::move(text)};
}

}  // namespace cairn
