#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe {

/// Columns that UTF-8 text takes on a terminal: two for a wide character, none for a combining one.
std::size_t text_width(std::string_view text);

/// Text from anywhere, as a terminal may show it: valid UTF-8 in one line, without control
/// characters and without what turns the direction of writing.
std::string shown_text(std::string_view text);

/// The text, or its beginning and its end with "…" between them, in at most `width` columns. Ids
/// that differ at either end stay different.
std::string elide_middle(const std::string& text, std::size_t width);

}  // namespace troupe
