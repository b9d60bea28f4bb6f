#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

struct terminal_size {
  std::size_t columns = 0;
  std::size_t rows = 0;
};

/// Columns of a terminal; 0 when the descriptor is none.
std::size_t terminal_columns(int descriptor);

/// The terminal of this process as a screen for a live view: keys come one by one, what was on it
/// before comes back at the end. SIGINT, SIGTERM and SIGHUP end the view instead of the process, so
/// that the terminal is left as it was. At most one at a time.
class live_screen {
 public:
  live_screen();
  ~live_screen();
  live_screen(const live_screen&) = delete;
  live_screen& operator=(const live_screen&) = delete;

  [[nodiscard]] static terminal_size size();
  /// Shows lines in place of what is there.
  void draw(const std::string& lines);
  /// Waits for the time, a key, or another size of the terminal. False when the view is to end: q,
  /// Ctrl-C, a signal, or the terminal is gone.
  bool wait(std::chrono::milliseconds time);

 private:
  struct saved;
  std::unique_ptr<saved> saved_;
};

}  // namespace troupe
