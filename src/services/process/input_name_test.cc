#include "services/process/input_name.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace quern::process {
namespace {

class InputName : public testing::Test {
 protected:
  InputName() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
  ~InputName() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  bool asks(const std::vector<std::string>& command) { return asks_for_input_name(command, folder_); }

  std::string folder_ = "/tmp/input-name-XXXXXX";
};

TEST_F(InputName, IsAskedForInAScriptAnArgumentOrAFileThatOneNames) {
  std::string plain = write("plain.sh", "#!/bin/sh\nexec cat\n");
  EXPECT_FALSE(asks({plain, "--map", "input", "."}));
  EXPECT_TRUE(asks({write("quern.sh", "echo $QUERN_INPUT_FILE\n")}));
  EXPECT_TRUE(asks({write("hadoop.sh", "echo ${mapreduce_map_input_file##*/}\n")}));
  EXPECT_TRUE(asks({plain, write("old.py", "os.environ['map_input_file']\n")}));
  EXPECT_TRUE(asks({write("mrjob.py", "jobconf_from_env('mapreduce.map.input.file')\n")}));
  EXPECT_TRUE(asks({plain, "-f", "quern.sh"}));
  EXPECT_TRUE(asks({"/bin/sh", "-c", "echo $QUERN_INPUT_FILE"}));
  EXPECT_TRUE(asks({write("program", std::string(100000, '\0') + "QUERN_INPUT_FILE")}));
  EXPECT_FALSE(asks({folder_ + "/absent", ""}));
}

TEST_F(InputName, StandsInTwoVariables) {
  EXPECT_EQ(input_variables("a b"), (std::vector<std::string>{"QUERN_INPUT_FILE=a b", "mapreduce_map_input_file=a b"}));
}

}  // namespace
}  // namespace quern::process
