#include "engine/small_convolutions.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

constexpr std::string_view kWish =
    R"(<attribute name="primitives_priority" version="0" value="cpu:jit_avx512,cpu:jit_avx2" />)";

TEST(SmallConvolutions, TakeTheWishBehindTheirData) {
  const std::string xml =
      R"(<layer id="1" name="c" type="Convolution" version="opset1"> <data strides="2, 2" /> <input/></layer>)";
  EXPECT_EQ(
      with_direct_convolutions(xml),
      R"(<layer id="1" name="c" type="Convolution" version="opset1"> <data strides="2, 2" /><rt_info>)" +
          std::string(kWish) + "</rt_info> <input/></layer>");
}

TEST(SmallConvolutions, KeepTheInformationThatIsThere) {
  const std::string xml =
      R"(<layer id="1" name="c" type="GroupConvolution" version="opset1"><data a="1" /><rt_info><x/></rt_info></layer>)";
  EXPECT_EQ(with_direct_convolutions(xml),
            R"(<layer id="1" name="c" type="GroupConvolution" version="opset1"><data a="1" /><rt_info>)" +
                std::string(kWish) + "<x/></rt_info></layer>");
}

TEST(SmallConvolutions, LeaveEverythingElseAsItIs) {
  for (
      const std::string_view xml :
      {R"(<layer id="1" name="type=&quot;Convolution&quot; " type="Relu" version="opset1"><data a="1" /></layer>)",
       R"(<layer id="1" name="c" type="Convolution" version="opset1"><input/></layer>)", "<layer ", "",
       R"(<layer id="1" name="c" type="Convolution" )", R"(<layer id="1" type="Convolution" > <data )"}) {
    const std::string wished = with_direct_convolutions(xml);
    EXPECT_EQ(wished.substr(0, xml.size()), xml);
  }
}

}  // namespace
}  // namespace cairn
