// The bounded reader of ONNX files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "compiler/onnx_file.h"
#include "compiler/onnx_own_operators.h"

namespace cairn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7)
    bytes += static_cast<char>((number & 0x7F) | 0x80);
  return bytes + static_cast<char>(number);
}
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string field(int number, int64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(static_cast<uint64_t>(value));
}

/// `attributes`: fields of the node, as they stand in the file.
std::string node(const std::string& name, const std::string& type, const std::string& input,
                 const std::string& output, const std::string& attributes = "") {
  return field(1, field(1, input) + field(2, output) + field(3, name) + field(4, type) + attributes);
}
std::string number_attribute(const std::string& name, int64_t number) {
  return field(5, field(1, name) + field(3, number) + field(20, int64_t{2}));
}
std::string value(int number, const std::string& name) {
  const std::string shape = field(2, field(1, field(1, int64_t{1})) + field(1, field(2, std::string("N"))));
  return field(number, field(1, name) + field(2, field(1, field(1, int64_t{1}) + shape)));
}
std::string tensor(const std::string& name, int64_t dim, const std::string& raw) {
  return field(5, field(1, dim) + field(2, int64_t{1}) + field(8, name) + field(9, raw));
}
std::string model(const std::string& graph) {
  return field(8, field(2, int64_t{13})) + field(7, graph);
}

Result<OnnxModel> read(const std::string& file, const std::filesystem::path& path = "/nowhere/net.onnx") {
  return read_onnx(std::as_bytes(std::span(file)), path);
}

/// A file, and what is read from it.
struct ReadFile {
  std::string bytes;
  OnnxModel model;
};

/// The file with a domain of our own where nodes need it; those are in it.
ReadFile with_own_domain(const std::string& file) {
  const auto onnx = read(file);
  EXPECT_TRUE(onnx.is_ok()) << onnx.status().text();
  ReadFile own;
  if (onnx.is_ok()) own.bytes = give_own_domain(file, *onnx).value_or("");
  EXPECT_NE(own.bytes, "");
  auto again = read(own.bytes);
  EXPECT_TRUE(again.is_ok()) << again.status().text();
  if (again.is_ok()) own.model = std::move(*again);
  return own;
}

std::string good_graph() {
  return node("first", "Relu", "x", "a") + node("", "Add", "a", "b") + node("first", "Relu", "b", "y") +
         value(11, "x") + value(11, "w") + value(12, "y") + tensor("w", 2, "12345678");
}

TEST(OnnxFile, GivesNodesInputsOutputsAndInitializers) {
  const std::string file = model(good_graph());
  const auto onnx = read(file);
  ASSERT_TRUE(onnx.is_ok()) << onnx.status().text();
  EXPECT_EQ(onnx->opset, 13);
  ASSERT_EQ(onnx->nodes.size(), 3U);
  EXPECT_EQ(onnx->nodes[0].type, "Relu");
  ASSERT_EQ(onnx->inputs.size(), 1U) << "an input that an initializer fills is none";
  EXPECT_EQ(onnx->inputs[0].name, "x");
  EXPECT_THAT(onnx->inputs[0].dims, ElementsAre(1, -1));
  ASSERT_EQ(onnx->initializers.size(), 1U);
  EXPECT_EQ(onnx->initializers[0].data, "12345678");
  EXPECT_GE(onnx->initializers[0].data.data(), file.data()) << "data is not copied";
  EXPECT_LE(onnx->initializers[0].data.data(), file.data() + file.size());
}

TEST(OnnxFile, GetsADomainOfItsOwnForFormsThatTheEngineLacks) {
  const std::string special = node("s", "Resize", "x", "a", number_attribute("antialias", 1));
  const std::string plain = node("p", "Resize", "a", "y") + value(11, "x") + value(12, "y");
  const ReadFile own = with_own_domain(model(special + plain));
  EXPECT_EQ(own.model.opset, 13);
  ASSERT_EQ(own.model.nodes.size(), 2U);
  EXPECT_EQ(own.model.nodes[0].domain, kOwnDomain);
  EXPECT_EQ(own.model.nodes[0].type, "Resize");
  EXPECT_EQ(own.model.nodes[1].domain, "");
  EXPECT_FALSE(give_own_domain(own.bytes, own.model)) << "once is enough";
}

TEST(OnnxFile, GivesItsDomainToTheRightNodeBehindANumberInItsPlace) {
  const std::string number = field(1, int64_t{58});
  const std::string special =
      node("s", "LpPool", "x", "y", number_attribute("ceil_mode", 1) + field(5, int64_t{1}));
  const ReadFile own = with_own_domain(model(number + special + value(11, "x") + value(12, "y")));
  ASSERT_EQ(own.model.nodes.size(), 1U);
  EXPECT_EQ(own.model.nodes[0].domain, kOwnDomain);
}

TEST(OnnxFile, OfTwoGraphsIsRefused) {
  const auto onnx = read(model(good_graph()) + field(7, good_graph()));
  EXPECT_THAT(std::string(onnx.status().text()), HasSubstr("more than one graph"));
}

TEST(OnnxFile, GivesEachNodeAName) {
  const std::string file = model(good_graph());
  const auto onnx = read(file);
  ASSERT_TRUE(onnx.is_ok());
  EXPECT_EQ(onnx->nodes[0].name, "first");
  EXPECT_EQ(onnx->nodes[1].name, "Add_1");
  EXPECT_EQ(onnx->nodes[2].name, "first_2");
}

TEST(OnnxFile, CutOffAnywhereNeverCrashes) {
  const std::string file = model(good_graph());
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(read(file.substr(0, size)).is_ok()) << size;
}

TEST(OnnxFile, WithoutGraphIsE16004) {
  EXPECT_THAT(std::string(read(field(8, field(2, int64_t{13}))).status().text()), StartsWith("E16004: "));
}

TEST(OnnxFile, WithAMissingTensorNamesNodeAndTensor) {
  const auto onnx = read(model(node("n", "Relu", "nothing", "y") + value(12, "y")));
  EXPECT_THAT(std::string(onnx.status().text()),
              StartsWith("E16001: The model has no tensor [nothing], which node [n] takes."));
}

TEST(OnnxFile, WhoseTensorHasTooFewBytesIsRefused) {
  const auto onnx = read(model(node("n", "Relu", "w", "y") + value(12, "y") + tensor("w", 3, "12345678")));
  EXPECT_THAT(std::string(onnx.status().text()), HasSubstr("tensor w holds 8 bytes"));
}

TEST(OnnxFile, WithAnImpossibleShapeIsRefused) {
  for (const int64_t dim : {int64_t{-1}, INT64_MAX})
    EXPECT_FALSE(
        read(model(node("n", "Relu", "w", "y") + value(12, "y") + tensor("w", dim, "12345678"))).is_ok());
}

TEST(OnnxFile, NestedTooDeepIsRefused) {
  std::string graph;
  for (int i = 0; i < 5000; ++i)
    graph = field(1, field(4, std::string("If")) + field(5, field(1, std::string("g")) + field(6, graph)));
  EXPECT_THAT(std::string(read(model(graph + value(12, "y"))).status().text()),
              HasSubstr("nested more than"));
}

class OnnxExternalData : public testing::Test {
 protected:
  OnnxExternalData() {
    char pattern[] = "/tmp/cairn_onnx_XXXXXX";
    folder_ = mkdtemp(pattern);
    std::filesystem::create_directory(folder_ / "net");
    std::ofstream(folder_ / "outside.bin") << "x";
    std::ofstream(folder_ / "net" / "inside.bin") << "x";
    std::filesystem::create_symlink(folder_ / "outside.bin", folder_ / "net" / "link.bin");
  }
  ~OnnxExternalData() override { std::filesystem::remove_all(folder_); }

  Result<OnnxModel> read_with(const std::string& location) {
    const std::string entry = field(13, field(1, std::string("location")) + field(2, location));
    file_ = model(node("n", "Relu", "w", "y") + value(12, "y") +
                  field(5, field(1, int64_t{2}) + field(2, int64_t{1}) + field(8, std::string("w")) + entry +
                               field(14, int64_t{1})));
    return read(file_, folder_ / "net" / "net.onnx");
  }

  std::filesystem::path folder_;
  std::string file_;
};

TEST_F(OnnxExternalData, InTheModelsFolderIsTaken) {
  EXPECT_TRUE(read_with("inside.bin").is_ok());
}

TEST_F(OnnxExternalData, OutsideTheModelsFolderIsRefused) {
  for (const std::string path : {"../outside.bin", "link.bin", "/etc/passwd", "", "a/../../outside.bin"})
    EXPECT_FALSE(read_with(path).is_ok()) << path;
}

TEST_F(OnnxExternalData, ThatIsMissingIsE10410) {
  EXPECT_THAT(std::string(read_with("missing.bin").status().text()), StartsWith("E10410: "));
}

}  // namespace
}  // namespace cairn
