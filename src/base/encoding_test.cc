#include "base/encoding.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Base64, IsThatOfTheStandard) {
  struct Row {
    const char* bytes;
    const char* text;
  };
  // RFC 4648, section 10.
  for (const Row& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"}, Row{"foob", "Zm9vYg=="},
                         Row{"fooba", "Zm9vYmE="}, Row{"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(row.bytes), row.text);
    EXPECT_EQ(base64_decode(row.text), row.bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(base64_decode(base64_encode(all)), all);
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, ForgivesBlanksOnly) {
  EXPECT_EQ(base64_decode(" Zm9v\r\n\tYmFy\n"), "foobar");
  for (const char* text :
       {"Zg", "Zg=", "Z", "Z===", "====", "Zm9v=", "Z=g=", "Zg==Zg==", "Zm9-", "Zm9_", "Zm9v!", "Zm9\xc3\xb6"}) {
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
  }
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(hex_encode(std::string("\x00\x7f\xff\n", 4)), "007fff0a");
  EXPECT_EQ(hex_decode("007fFF0A"), std::string("\x00\x7f\xff\n", 4));
  EXPECT_EQ(hex_decode(""), "");
  for (const char* text : {"0", "0g", "00 ", "0x00"}) EXPECT_FALSE(hex_decode(text).has_value()) << text;
}

TEST(Hex, KnowsDigits) {
  EXPECT_TRUE(is_lower_hex("09af", 4));
  for (const char* text : {"09a", "09afa", "09aF", "09ag"}) EXPECT_FALSE(is_lower_hex(text, 4)) << text;
}

TEST(Base64, HasAFormForUrls) {
  EXPECT_EQ(url_safe_base64_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(url_safe_base64_encode("f"), "Zg");
  EXPECT_EQ(url_safe_base64_encode(""), "");
}

TEST(PercentEncoding, IsRfc3986) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b c+d=e*'é"), "a%2Fb%20c%2Bd%3De%2A%27%C3%A9");
  EXPECT_EQ(percent_encode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(percent_decode("a%2Fb%20%c3%A9+"), "a/b é+");
  for (const char* broken : {"%", "%2", "a%", "%g0", "%0g", "%%20"}) {
    EXPECT_EQ(percent_decode(broken), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace quern
