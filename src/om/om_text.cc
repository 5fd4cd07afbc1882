// The model definition as protobuf text.
#include <google/protobuf/text_format.h>

#include "om/ge_ir.pb.h"
#include "om/om_graph.h"
#include "om/om_report.h"

namespace cairn {

Result<std::string> om_proto_text(const OmModel& model, OmTextDetail detail) {
  CAIRN_ASSIGN(const std::string encoded, om::encode_model_def(model));
  std::string text;
  CAIRN_RETURN_IF_ERROR(
      om::with_model_def(std::as_bytes(std::span(encoded)), [&](const ge::proto::ModelDef& found) -> Status {
        ge::proto::ModelDef definition = found;
        for (ge::proto::GraphDef& graph : *definition.mutable_graph())
          for (ge::proto::OpDef& op : *graph.mutable_op()) {
            if (detail == OmTextDetail::kRelations) op.clear_attr();
            const auto value = op.mutable_attr()->find("value");
            if (detail != OmTextDetail::kEverything && value != op.mutable_attr()->end())
              value->second.mutable_t()->clear_data();
          }
        google::protobuf::TextFormat::PrintToString(definition, &text);
        return {};
      }));
  return text;
}

}  // namespace cairn
