// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_client.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <map>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "ZooKeeper";
constexpr int kMaxNames = 100'000;

int milliseconds_of(Duration length) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(length).count());
}

/// What the client library has to say, without its own date. It repeats itself many times a second while a
/// host is away: each of its sentences is heard every ten seconds.
void on_log(const char* message) {
  static Mutex lock;
  static std::map<std::string, TimePoint, std::less<>> heard;
  std::string_view text(message);
  if (const auto at = text.find("ZOO_"); at != std::string_view::npos) text.remove_prefix(at);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto now = std::chrono::steady_clock::now();
  {
    const MutexLock held(lock);
    const auto [at, is_new] = heard.try_emplace(std::string(text.substr(0, text.find(':'))), now);
    if (!is_new && now - at->second < 10s) return;
    at->second = now;
  }
  log::warn(kLogger, text);
}

void quiet_library() {
  static const bool done = [] {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    return true;
  }();
  (void)done;
}

ZkOutcome outcome_of(int code) {
  switch (code) {
    case ZOK: return ZkOutcome::Done;
    case ZNONODE: return ZkOutcome::NoNode;
    case ZNODEEXISTS: return ZkOutcome::NodeExists;
    case ZBADVERSION: return ZkOutcome::BadVersion;
    case ZNOTEMPTY: return ZkOutcome::NotEmpty;
    case ZNOAUTH:
    case ZINVALIDACL:
    case ZAUTHFAILED:
    case ZBADARGUMENTS:
    case ZNOCHILDRENFOREPHEMERALS: return ZkOutcome::NotAllowed;
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE: return ZkOutcome::SessionOver;
    default: return ZkOutcome::Unknown;
  }
}

ZkNode node_of(const Stat* stat) {
  if (stat == nullptr) return {};
  return {.version = stat->version, .created = stat->czxid, .owner = stat->ephemeralOwner};
}

ACL_vector* access_for(bool is_secret) { return is_secret ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE; }

/// A callback on its way through C. It is freed when it is called; the library calls each exactly once.
template <class Callback>
Callback take(const void* data) {
  const std::unique_ptr<const Callback> owned(static_cast<const Callback*>(data));
  return *owned;
}

void on_stat(int code, const Stat* stat, const void* data) {
  take<ZkClient::OnNode>(data)({outcome_of(code), node_of(stat)});
}

void on_data(int code, const char* value, int length, const Stat* stat, const void* data) {
  ZkReply<ZkNode> reply{outcome_of(code), node_of(stat)};
  if (reply.is_done() && length > static_cast<int>(ZkClient::kMaxNodeBytes))
    reply.outcome = ZkOutcome::TooLarge;
  else if (reply.is_done() && length > 0) reply.value.data.assign(value, static_cast<std::size_t>(length));
  take<ZkClient::OnNode>(data)(reply);
}

using Names = std::vector<std::string>;
using OnNames = std::function<void(const ZkReply<Names>&)>;

void on_names(int code, const String_vector* names, const void* data) {
  ZkReply<Names> reply{outcome_of(code), {}};
  const int count = reply.is_done() && names != nullptr ? names->count : 0;
  if (count > kMaxNames) reply.outcome = ZkOutcome::TooLarge;
  else for (int i = 0; i < count; ++i) reply.value.emplace_back(names->data[i]);
  std::sort(reply.value.begin(), reply.value.end());
  take<OnNames>(data)(reply);
}

/// The steps of a commit as C has them; the library reads and writes them until the answer comes.
struct Multi {
  Multi(std::vector<ZkOp> chosen, ZkClient::OnCommit callback, ACL_vector* access)
      : steps(std::move(chosen)), on_reply(std::move(callback)), ops(steps.size()), results(steps.size()) {
    for (std::size_t i = 0; i < steps.size(); ++i) prepare(steps[i], ops[i], access);
  }

  void prepare(const ZkOp& step, zoo_op_t& op, ACL_vector* access) {
    const char* path = step.path.c_str();
    const auto length = static_cast<int>(step.data.size());
    switch (step.kind) {
      case ZkOp::Kind::Create:
        return zoo_create_op_init(&op, path, step.data.data(), length, access, ZOO_PERSISTENT, nullptr, 0);
      case ZkOp::Kind::CreateEphemeral:
        return zoo_create_op_init(&op, path, step.data.data(), length, access, ZOO_EPHEMERAL, nullptr, 0);
      case ZkOp::Kind::Set:
        return zoo_set_op_init(&op, path, step.data.data(), length, step.version, nullptr);
      case ZkOp::Kind::Remove: return zoo_delete_op_init(&op, path, step.version);
      case ZkOp::Kind::Check: return zoo_check_op_init(&op, path, step.version);
    }
  }

  [[nodiscard]] ZkReply<ZkCommit> reply(int code) const {
    // Those before the one that failed carry 0, those behind it ZRUNTIMEINCONSISTENCY.
    const auto failed = std::find_if(results.begin(), results.end(), [](const zoo_op_result_t& one) {
      return one.err != ZOK && one.err != ZRUNTIMEINCONSISTENCY;
    });
    if (code == ZOK || failed == results.end()) return {outcome_of(code), {}};
    return {outcome_of(failed->err), {static_cast<std::size_t>(failed - results.begin())}};
  }

  const std::vector<ZkOp> steps;
  const ZkClient::OnCommit on_reply;
  std::vector<zoo_op_t> ops;
  std::vector<zoo_op_result_t> results;
};

void on_multi(int code, const void* data) {
  const std::unique_ptr<const Multi> multi(static_cast<const Multi*>(data));
  multi->on_reply(multi->reply(code));
}

std::optional<ZkSessionState> state_of(int state) {
  if (state == ZOO_CONNECTED_STATE) return ZkSessionState::Connected;
  if (state == ZOO_EXPIRED_SESSION_STATE) return ZkSessionState::Expired;
  if (state == ZOO_AUTH_FAILED_STATE) return ZkSessionState::AuthFailed;
  if (state == ZOO_CONNECTING_STATE || state == ZOO_NOTCONNECTED_STATE) return ZkSessionState::Suspended;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(ZkOutcome outcome) {
  constexpr std::string_view kNames[] = {"done",        "no such node", "the node exists",
                                         "bad version", "not empty",    "not allowed",
                                         "too large",   "session over", "connection lost"};
  return kNames[static_cast<std::size_t>(outcome)];
}

/// One handle of the library. Its end waits for the library's threads.
class ZkClient::Session {
public:
  explicit Session(ZkListener& listener) : listener_(listener) {}
  ~Session() {
    if (handle_ != nullptr) zookeeper_close(handle_);
  }

  [[nodiscard]] Status begin(const Options& options, const clientid_t* old = nullptr) {
    quiet_library();
    handle_ = zookeeper_init2(options.hosts.c_str(), on_event, milliseconds_of(options.session_timeout), old,
                              this, 0, on_log);
    if (handle_ == nullptr)
      return Error{ErrorCode::BadArgument, "ZooKeeper at '" + options.hosts + "': " + std::strerror(errno),
                   Blame::Environment, Retry::Later};
    zoo_set_servers_resolution_delay(handle_, -1);  // once a connection, not once a second
    const auto& secret = options.secret;
    if (!secret.empty())
      zoo_add_auth(handle_, "digest", secret.data(), static_cast<int>(secret.size()), nullptr, nullptr);
    return Status::ok();
  }

  void exists(const std::string& path, bool watch, OnNode on_reply) {
    auto* callback = new OnNode(std::move(on_reply));
    const int code = zoo_aexists(handle_, path.c_str(), watch ? 1 : 0, on_stat, callback);
    if (code != ZOK) on_stat(code, nullptr, callback);
  }
  void get(const std::string& path, OnNode on_reply) {
    auto* callback = new OnNode(std::move(on_reply));
    const int code = zoo_aget(handle_, path.c_str(), 0, on_data, callback);
    if (code != ZOK) on_data(code, nullptr, 0, nullptr, callback);
  }
  void children(const std::string& path, OnNames on_reply) {
    auto* callback = new OnNames(std::move(on_reply));
    const int code = zoo_aget_children(handle_, path.c_str(), 0, on_names, callback);
    if (code != ZOK) on_names(code, nullptr, callback);
  }
  void commit(std::vector<ZkOp> steps, bool is_secret, OnCommit on_reply) {
    auto* multi = new Multi(std::move(steps), std::move(on_reply), access_for(is_secret));
    const int code = zoo_amulti(handle_, static_cast<int>(multi->ops.size()), multi->ops.data(),
                                multi->results.data(), on_multi, multi);
    if (code != ZOK) on_multi(code, multi);
  }

private:
  static void on_event(zhandle_t* handle, int type, int state, const char* path, void* context) {
    auto* self = static_cast<Session*>(context);
    if (type != ZOO_SESSION_EVENT) {
      if (type != ZOO_NOTWATCHING_EVENT) self->listener_.on_changed(path);
      return;
    }
    const auto known = state_of(state);
    if (!known) return;
    const clientid_t* id = zoo_client_id(handle);
    self->listener_.on_session(*known,
                               {.id = id->client_id,
                                .password = std::string(id->passwd, sizeof id->passwd),
                                .timeout = std::chrono::milliseconds(zoo_recv_timeout(handle))});
  }

  ZkListener& listener_;
  zhandle_t* handle_ = nullptr;
};

Result<std::unique_ptr<ZkClient>> ZkClient::open(const Options& options, ZkListener& listener) {
  std::unique_ptr<ZkClient> client(new ZkClient(options, listener));
  if (Status begun = client->renew(); !begun) return begun.error();
  return client;
}

ZkClient::~ZkClient() = default;

void ZkClient::close() {
  std::shared_ptr<Session> old;  // ends when the lock is released: it waits for its threads
  const MutexLock lock(lock_);
  old.swap(session_);
}

Status ZkClient::renew() {
  close();
  auto fresh = std::make_shared<Session>(listener_);
  if (Status begun = fresh->begin(options_); !begun) return begun;
  const MutexLock lock(lock_);
  session_ = std::move(fresh);
  return Status::ok();
}

std::shared_ptr<ZkClient::Session> ZkClient::session() {
  const MutexLock lock(lock_);
  return session_;
}

void ZkClient::exists(const std::string& path, bool watch, OnNode on_reply) {
  if (const auto now = session()) now->exists(path, watch, std::move(on_reply));
  else on_reply({ZkOutcome::SessionOver, {}});
}

void ZkClient::commit(std::vector<ZkOp> steps, OnCommit on_reply) {
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].data.size() > kMaxNodeBytes) return on_reply({ZkOutcome::TooLarge, {i}});
  if (const auto now = session())
    now->commit(std::move(steps), !options_.secret.empty(), std::move(on_reply));
  else on_reply({ZkOutcome::SessionOver, {}});
}

template <class T, class Begin>
ZkReply<T> ZkClient::await(Begin begin) {
  // Shared, because the answer may come when nobody waits for it any more.
  auto promise = std::make_shared<std::promise<ZkReply<T>>>();
  auto answer = promise->get_future();
  begin([promise](const ZkReply<T>& reply) { promise->set_value(reply); });
  if (answer.wait_for(2 * options_.session_timeout) != std::future_status::ready) return {};
  return answer.get();
}

ZkReply<ZkNode> ZkClient::exists(const std::string& path, bool watch) {
  return await<ZkNode>([&](OnNode on_reply) { exists(path, watch, std::move(on_reply)); });
}

ZkReply<ZkNode> ZkClient::get(const std::string& path) {
  const auto now = session();
  if (now == nullptr) return {ZkOutcome::SessionOver, {}};
  return await<ZkNode>([&](OnNode on_reply) { now->get(path, std::move(on_reply)); });
}

ZkReply<std::vector<std::string>> ZkClient::children(const std::string& path) {
  const auto now = session();
  if (now == nullptr) return {ZkOutcome::SessionOver, {}};
  return await<Names>([&](OnNames on_reply) { now->children(path, std::move(on_reply)); });
}

ZkReply<ZkCommit> ZkClient::commit(std::vector<ZkOp> steps) {
  return await<ZkCommit>([&](OnCommit on_reply) { commit(std::move(steps), std::move(on_reply)); });
}

ZkOutcome ZkClient::make_path(const std::string& path) {
  for (auto end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const auto reply = commit({ZkOp::create(path.substr(0, end), "")});
    if (!reply.is_done() && reply.outcome != ZkOutcome::NodeExists) return reply.outcome;
    if (end == std::string::npos) return ZkOutcome::Done;
  }
}

namespace {

/// Waits for the first word about a session.
class FirstWord final : public ZkListener {
public:
  void on_session(ZkSessionState state, const ZkSession&) override {
    if (state == ZkSessionState::Suspended || std::exchange(is_said_, true)) return;
    word_.set_value(state);
  }
  void on_changed(const std::string&) override {}

  [[nodiscard]] bool await(Duration patience) {
    return word_.get_future().wait_for(patience) == std::future_status::ready;
  }

private:
  std::promise<ZkSessionState> word_;
  bool is_said_ = false;  // ZooKeeper's thread
};

}  // namespace

Status ZkClient::end_session(const std::string& hosts, const ZkSession& session, Duration patience) {
  clientid_t id{.client_id = session.id, .passwd = {}};
  session.password.copy(id.passwd, sizeof id.passwd);
  FirstWord word;
  Session heir(word);
  if (Status begun = heir.begin({.hosts = hosts, .session_timeout = session.timeout}, &id); !begun)
    return begun;
  if (word.await(patience)) return Status::ok();  // connected: our end ends it; expired: it was over
  return Error{ErrorCode::Timeout, "ZooKeeper at '" + hosts + "' did not answer", Blame::Environment,
               Retry::Later};
}

}  // namespace weir
