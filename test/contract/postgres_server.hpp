#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/contract/temporary_directory.hpp"

namespace troupe::contract {

namespace postgres_programs {

inline const std::filesystem::path programs = "/usr/lib/postgresql/15/bin";

/// For everything that must come. Generous: slow machines run these tests too.
inline constexpr auto patience = std::chrono::minutes(2);
inline constexpr auto glance = std::chrono::milliseconds(10);

inline int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

inline std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The server refuses to run as root.
inline const passwd* other_user() {
  if (::getuid() != 0) return nullptr;
  for (const auto* name : {"postgres", "nobody"}) {
    if (const auto* user = ::getpwnam(name)) return user;
  }
  throw std::runtime_error("no user postgres or nobody");
}

}  // namespace postgres_programs

/// A PostgreSQL server of the test's own: on a free port of 127.0.0.1, in a temporary directory,
/// with PostgreSQL's default durability, ended with the object or the process. Its databases sort
/// text as people do (ICU, "en"), so that nothing sorts by bytes by accident. Needs Debian's
/// postgresql package; when run by root, the server runs as its user.
class postgres_server {
 public:
  postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;
  ~postgres_server();

  /// One for the whole process, started when it is first asked for.
  static postgres_server& shared();

  /// The URL of a new schema in the server's only database.
  std::string fresh_schema();
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }

  /// As a power cut would end it: SIGKILL, without a chance to write anything.
  void crash();
  /// Starts it again and waits until it takes connections.
  void start();

  /// Runs SQL with psql; what it prints, one row a line, columns separated by '|'. Throws if it
  /// fails.
  [[nodiscard]] std::string psql(const std::string& sql,
                                 const std::string& schema = "public") const;

 private:
  [[nodiscard]] pid_t launch(std::vector<std::string> command) const;
  void run(const std::vector<std::string>& command) const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] bool ready() const;

  temporary_directory directory_;
  int port_ = 0;
  pid_t server_ = -1;
  int schemas_ = 0;
};

inline postgres_server::postgres_server() {
  if (const auto* user = postgres_programs::other_user()) {
    if (::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("chown " + directory_.path().string());
  }
  run({postgres_programs::programs / "initdb", "-D", directory_ / "data", "-U", "troupe",
       "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu",
       "--icu-locale=en"});
  start();
}

inline postgres_server::~postgres_server() { crash(); }

inline postgres_server& postgres_server::shared() {
  static postgres_server one;
  return one;
}

inline std::string postgres_server::url() const {
  return "postgres://troupe@127.0.0.1:" + std::to_string(port_) + "/postgres?sslmode=disable";
}

inline std::string postgres_server::fresh_schema() {
  const auto name = "test_" + std::to_string(++schemas_);
  static_cast<void>(psql("CREATE SCHEMA " + name));
  return url() + "&search_path=" + name;
}

inline pid_t postgres_server::launch(std::vector<std::string> command) const {
  const auto* user = postgres_programs::other_user();
  const auto log = (directory_ / "log").string();
  std::vector<char*> arguments;
  for (auto& one : command) arguments.push_back(one.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  // Only calls that are safe after fork() in a program with threads.
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

inline void postgres_server::run(const std::vector<std::string>& command) const {
  const pid_t child = launch(command);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error(command.front() + " failed: " + log());
}

inline std::string postgres_server::log() const {
  return postgres_programs::content(directory_ / "log");
}

inline bool postgres_server::ready() const {
  // The eighth line, once the server takes connections; the file of an earlier run names another
  // process in its first line.
  const auto state = postgres_programs::content(directory_ / "data/postmaster.pid");
  return state.starts_with(std::to_string(server_) + "\n") &&
         state.find("\nready") != std::string::npos;
}

inline void postgres_server::start() {
  const auto deadline = std::chrono::steady_clock::now() + postgres_programs::patience;
  if (port_ == 0) port_ = postgres_programs::free_port();
  while (std::chrono::steady_clock::now() < deadline) {
    server_ = launch({postgres_programs::programs / "postgres", "-D", directory_ / "data", "-p",
                      std::to_string(port_), "-c", "listen_addresses=127.0.0.1", "-c",
                      "unix_socket_directories="});
    for (;;) {
      if (ready()) return;
      // It ends at once while processes of the one before it are still there.
      if (::waitpid(server_, nullptr, WNOHANG) == server_) break;
      if (std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(postgres_programs::glance);
    }
  }
  throw std::runtime_error("PostgreSQL does not start: " + log());
}

inline void postgres_server::crash() {
  if (server_ <= 0) return;
  ::kill(server_, SIGKILL);
  ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

inline std::string postgres_server::psql(const std::string& sql, const std::string& schema) const {
  std::string command = (postgres_programs::programs / "psql").string() +
                        " -X -q -A -t -v ON_ERROR_STOP=1 '" + url() +
                        "' 2>&1 <<'END_OF_SQL'\nSET search_path = " + schema + ";\n" + sql +
                        ";\nEND_OF_SQL\n";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string printed;
  std::array<char, 4096> chunk{};
  while (const auto size = ::fread(chunk.data(), 1, chunk.size(), pipe.get()))
    printed.append(chunk.data(), size);
  if (::pclose(pipe.release()) != 0) throw std::runtime_error("psql: " + printed);
  return printed;
}

}  // namespace troupe::contract
