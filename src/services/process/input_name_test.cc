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
  EXPECT_TRUE(asks({"/bin/sh", "-c", "echo $QUERN_INPUT_FILE"}));
  EXPECT_TRUE(asks({write("x.out", std::string(2 << 20, '\0') + "QUERN_INPUT_FILE")}));
  for (const char* text : {"echo $QUERN_INPUT_FILE\n", "echo ${mapreduce_map_input_file##*/}\n",
                           "os.environ['map_input_file']\n", "jobconf_from_env('mapreduce.map.input.file')\n"}) {
    write("named.txt", "nothing\n");
    EXPECT_FALSE(asks({plain, "-f", "named.txt"}));
    write("named.txt", text);
    EXPECT_TRUE(asks({plain, "-f", "named.txt"})) << text;
  }
}

TEST_F(InputName, IsNotAskedForByWhatIsAbsent) { EXPECT_FALSE(asks({folder_ + "/absent", ""})); }

TEST_F(InputName, IsAskedForInAFileOfTheJobThatTheScriptMayUse) {
  std::string plain = write("plain.py", "import helper\n");
  write("data.json", "QUERN_INPUT_FILE\n");
  write("large.py", "QUERN_INPUT_FILE" + std::string(2 << 20, ' '));
  EXPECT_FALSE(asks({plain}));
  write("helper.py", "import os\nNAME = os.environ['mapreduce_map_input_file']\n");
  EXPECT_TRUE(asks({plain}));
}

TEST_F(InputName, StandsInTwoVariables) {
  EXPECT_EQ(input_variables("a b"), (std::vector<std::string>{"QUERN_INPUT_FILE=a b", "mapreduce_map_input_file=a b"}));
}

}  // namespace
}  // namespace quern::process
