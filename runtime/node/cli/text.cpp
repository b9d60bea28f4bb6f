#include "runtime/node/cli/text.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <vector>

#include "runtime/core/json.hpp"

namespace troupe {
namespace {

constexpr char32_t replacement = 0xfffd;

/// One character: its bytes and its columns.
struct character {
  std::string_view bytes;
  char32_t code = 0;
};

/// For the widths of characters, whatever the user's own locale is.
class utf8_locale {
 public:
  utf8_locale() : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (made_ != nullptr) before_ = ::uselocale(made_);
  }
  ~utf8_locale() {
    if (made_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(made_);
  }
  utf8_locale(const utf8_locale&) = delete;
  utf8_locale& operator=(const utf8_locale&) = delete;

  /// Negative for what cannot be printed. Without the locale, every character counts one.
  [[nodiscard]] int width(char32_t code) const {
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return -1;
    return made_ == nullptr ? 1 : ::wcwidth(static_cast<wchar_t>(code));
  }

 private:
  locale_t made_;
  locale_t before_ = nullptr;
};

/// The characters of valid UTF-8; of anything else, each byte.
std::vector<character> characters_of(std::string_view text) {
  std::vector<character> found;
  const bool valid = is_utf8(text);
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (!valid || first < 0x80) {
      found.push_back({text.substr(at, 1), first < 0x80 ? first : replacement});
      ++at;
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    char32_t code = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
      code = (code << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    found.push_back({text.substr(at, length), code});
    at += length;
  }
  return found;
}

/// Marks that make text read other than it is stored (Unicode TR 36, "bidirectional spoofing").
bool turns_direction(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200e || code == 0x200f || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  const utf8_locale locale;
  std::size_t columns = 0;
  for (const auto& one : characters_of(text)) {
    const int width = locale.width(one.code);
    columns += width < 0 ? 1 : static_cast<std::size_t>(width);
  }
  return columns;
}

std::string shown_text(std::string_view text) {
  const utf8_locale locale;
  std::string shown;
  for (const auto& one : characters_of(text)) {
    if (one.code == '\t' || one.code == '\n') {
      shown += ' ';
    } else if (one.code == replacement || turns_direction(one.code) || locale.width(one.code) < 0) {
      shown += "\xef\xbf\xbd";
    } else {
      shown += one.bytes;
    }
  }
  return shown;
}

std::string elide_middle(const std::string& text, std::size_t width) {
  if (text_width(text) <= width) return text;
  if (width == 0) return "";
  const auto all = characters_of(text);
  std::vector<std::size_t> columns;
  const utf8_locale locale;
  for (const auto& one : all)
    columns.push_back(static_cast<std::size_t>(std::max(0, locale.width(one.code))));
  const std::size_t for_head = width / 2;
  std::size_t used = 0;
  std::size_t head = 0;
  while (head < all.size() && used + columns[head] <= for_head) used += columns[head++];
  std::size_t tail = all.size();
  while (tail > head && used + columns[tail - 1] + 1 <= width) used += columns[--tail];
  std::string cut;
  for (std::size_t i = 0; i < head; ++i) cut += all[i].bytes;
  cut += "…";
  // A combining character would join the ellipsis.
  while (tail < all.size() && columns[tail] == 0) ++tail;
  for (std::size_t i = tail; i < all.size(); ++i) cut += all[i].bytes;
  return cut;
}

}  // namespace troupe
