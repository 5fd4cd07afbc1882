#include "compiler/graph_dump.h"

#include "base/environment.h"
#include "om/om_report.h"

namespace cairn {
namespace {

constexpr int64_t kLastStage = 3;
constexpr int64_t kFirstStage = 4;

}  // namespace

Result<std::vector<GraphDump>> graph_dumps(const OmModel& model) {
  std::vector<GraphDump> dumps;
  const int64_t detail = environment_int("DUMP_GE_GRAPH", 0);
  if (detail == 0) return dumps;
  const int64_t level = environment_int("DUMP_GRAPH_LEVEL", 2);
  const std::filesystem::path folder = environment_string("DUMP_GRAPH_PATH");
  if (level != kLastStage) {
    CAIRN_ASSIGN(std::string text, om_proto_text(model, static_cast<OmTextDetail>(detail)));
    dumps.push_back({folder / "ge_proto_00000000_graph_0_Build.txt", std::move(text)});
  }
  if (level != kFirstStage) dumps.push_back({folder / "cairn_00000001_graph_0_Executable.xml", model.ir_xml});
  return dumps;
}

}  // namespace cairn
