#include "runtime/node/cli/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string_view>

namespace troupe {
namespace {

constexpr terminal_size usual_size{80, 24};
constexpr char control_c = 3;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::optional<terminal_size> asked_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return terminal_size{size.ws_col, size.ws_row};
}

}  // namespace

std::size_t terminal_columns(int descriptor) {
  if (::isatty(descriptor) != 1) return 0;
  const auto size = asked_size(descriptor);
  return size && size->columns > 0 ? size->columns : usual_size.columns;
}

struct live_screen::saved {
  termios settings{};
  bool has_settings = false;
  bool keys = true;  ///< Standard input still gives some.
  sigset_t signals{};
  sigset_t signals_before{};
  int signal_source = -1;
};

live_screen::live_screen() : saved_(std::make_unique<saved>()) {
  sigemptyset(&saved_->signals);
  for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&saved_->signals, one);
  ::pthread_sigmask(SIG_BLOCK, &saved_->signals, &saved_->signals_before);
  saved_->signal_source = ::signalfd(-1, &saved_->signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (::tcgetattr(STDIN_FILENO, &saved_->settings) == 0) {
    saved_->has_settings = true;
    auto raw = saved_->settings;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  write_all("\x1b[?1049h\x1b[?25l");  // The other screen, without a cursor.
}

live_screen::~live_screen() {
  write_all("\x1b[?25h\x1b[?1049l");
  if (saved_->has_settings) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->settings);
  std::array<signalfd_siginfo, 8> taken{};
  while (::read(saved_->signal_source, taken.data(), sizeof(taken)) > 0) {
  }
  ::close(saved_->signal_source);
  ::pthread_sigmask(SIG_SETMASK, &saved_->signals_before, nullptr);
}

terminal_size live_screen::size() {
  const auto size = asked_size(STDOUT_FILENO);
  return size && size->columns > 0 && size->rows > 0 ? *size : usual_size;
}

void live_screen::draw(const std::string& lines) {
  std::string screen = "\x1b[H";  // To the first line; each is drawn over, and what is behind goes.
  for (const char c : lines) screen += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
  write_all(screen + "\x1b[J");
}

bool live_screen::wait(std::chrono::milliseconds time) {
  std::array<pollfd, 2> watched{pollfd{saved_->signal_source, POLLIN, 0},
                                pollfd{saved_->keys ? STDIN_FILENO : -1, POLLIN, 0}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(time.count())) <= 0) return true;
  signalfd_siginfo signal{};
  while (::read(saved_->signal_source, &signal, sizeof(signal)) == sizeof(signal)) {
    if (signal.ssi_signo != SIGWINCH) return false;
  }
  if (watched[1].revents != 0) {
    std::array<char, 64> keys{};
    const auto count = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (count <= 0) saved_->keys = false;
    for (ssize_t i = 0; i < count; ++i) {
      const char key = keys[static_cast<std::size_t>(i)];
      if (key == 'q' || key == 'Q' || key == control_c) return false;
    }
  }
  return true;
}

}  // namespace troupe
