// Runs the programs of tests/c_api, each in a process of its own.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

namespace {

int run(const std::string& program, const std::string& environment = "") {
  const int status = std::system((environment + " " + CAIRN_C_PROGRAMS + "/" + program).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(CProgramTest, ACProgramRuns) {
  EXPECT_EQ(run("cairn_c_program"), 0);
}
TEST(CProgramTest, ACppProgramRuns) {
  EXPECT_EQ(run("cairn_cpp_program"), 0);
}

TEST(CProgramTest, AProgramWithTwoDevicesRuns) {
  EXPECT_EQ(run("cairn_two_devices", "CAIRN_DEVICES=2"), 0);
}

}  // namespace
