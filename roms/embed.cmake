# Writes SOURCE, a C++ file that holds the file BINARY as the bytes NAME.
file(READ ${BINARY} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${SOURCE} "#include \"devices/board/embedded.h\"

namespace ilse::dev::embedded {
namespace {
constexpr uint8_t kBytes[] = {
${bytes}};
}
constinit const std::span<const uint8_t> ${NAME}{kBytes};
}  // namespace ilse::dev::embedded
")
