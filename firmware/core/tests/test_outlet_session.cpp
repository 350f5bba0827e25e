#include <string.h>

#include "check.h"
#include "outlet_session.h"

using namespace suite;

namespace {

constexpr uint8_t CONTROLLER = 1;
constexpr uint8_t ADDRESS = 0xFE;

struct Random {
  uint32_t state;
  uint32_t next() {
    state = state * 1664525 + 1013904223;
    return state >> 8;
  }
  bool occurs(uint32_t percent) { return next() % 100 < percent; }
};

// The outlet's side of docs/hc12-frame.md.
struct FakeOutlet {
  Random random{99};
  bool has_token = false;
  bool changed = false;
  uint16_t token = 0;
  uint8_t last = 0;
  uint8_t relays = 0;
  uint16_t threshold = 10000;
  int executed = 0;

  void restart() {
    has_token = false;
    relays = 0;
  }

  Frame answer(const Frame &request) {
    Frame frame;
    frame.destination = request.source;
    frame.source = ADDRESS;
    frame.sequence = request.sequence;
    frame.command = request.command | ANSWER;
    if (request.command == CMD_PING) {
      put(frame, 0x0100);
    } else if (request.command == CMD_SYNC) {
      if (!has_token || changed || request.sequence != last) {
        token = static_cast<uint16_t>(token + 1 + random.next() % 1000);
        last = request.sequence;
        has_token = true;
        changed = false;
      }
      put(frame, token);
    } else if (request.command == CMD_READ) {
      put_state(frame);
    } else {
      change(request, frame);
    }
    return frame;
  }

  void change(const Frame &request, Frame &frame) {
    const uint16_t presented = static_cast<uint16_t>(request.payload[0] << 8 | request.payload[1]);
    const auto distance = static_cast<uint8_t>(request.sequence - last);
    if (!has_token || presented != token) return refuse(frame, request, REFUSED_TOKEN);
    if (distance > 127) return refuse(frame, request, REFUSED_STALE);
    if (distance) {
      last = request.sequence;
      changed = true;
      executed++;
      if (request.command == CMD_RELAY) {
        relays = static_cast<uint8_t>((relays & ~request.payload[2]) | (request.payload[3] & request.payload[2]));
      } else {
        threshold = static_cast<uint16_t>(request.payload[2] << 8 | request.payload[3]);
      }
    }
    put_state(frame);
  }

  static void refuse(Frame &frame, const Frame &request, uint8_t reason) {
    frame.command = CMD_NAK;
    put(frame, static_cast<uint16_t>(request.command << 8 | reason));
  }

  static void put(Frame &frame, uint16_t value) {
    frame.payload[frame.payload_length++] = static_cast<uint8_t>(value >> 8);
    frame.payload[frame.payload_length++] = static_cast<uint8_t>(value);
  }

  void put_state(Frame &frame) {
    frame.payload[frame.payload_length++] = relays;
    put(frame, 0);
    put(frame, 0);
    put(frame, threshold);
  }
};

struct Channel {
  FakeOutlet outlet;
  Random random{5};
  uint32_t now_ms = 0xFFFFF000u;  // wraps around during the tests
  uint32_t loss = 0;
  uint32_t duplicates = 0;
  uint32_t replays = 0;
  int sent = 0;
  Frame old_request;
  Frame old_answer;

  // Run the request of a session to its end.
  Outcome finish(OutletSession &session) {
    for (int step = 0; session.busy() && step < 100000; step++) {
      Frame frame;
      now_ms += 5;
      if (!session.poll(now_ms, frame)) continue;
      sent++;
      if (random.occurs(replays)) outlet.answer(old_request);
      if (random.occurs(loss)) continue;
      Frame reply = outlet.answer(frame);
      if (random.occurs(duplicates)) reply = outlet.answer(frame);
      if (random.occurs(replays)) session.receive(old_answer);
      if (random.occurs(5)) old_request = frame;
      if (random.occurs(5)) old_answer = reply;
      if (random.occurs(loss)) continue;
      session.receive(reply);
      if (random.occurs(duplicates)) session.receive(reply);
    }
    return session.outcome();
  }
};

}  // namespace

TEST_CASE("the answer time is that of the reference") {
  CHECK(LinkTiming::of(80, 9600).answer_ms / 10 == 24);  // 0.25 s at 9600 baud in mode FU3
}

TEST_CASE("requests are answered") {
  Channel channel;
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  CHECK(session.outcome() == Outcome::None);
  CHECK(session.ping());
  CHECK(!session.read());  // one at a time
  CHECK(channel.finish(session) == Outcome::Done);
  CHECK(!session.has_state());
  CHECK(session.set_relays(SOCKET_A, SOCKET_A | SOCKET_B));
  CHECK(channel.finish(session) == Outcome::Done);
  CHECK(session.state().relay_a);
  CHECK(!session.state().relay_b);
  CHECK(session.set_threshold(2500));
  CHECK(channel.finish(session) == Outcome::Done);
  CHECK(session.state().threshold_ma == 2500);
  CHECK(session.read());
  CHECK(channel.finish(session) == Outcome::Done);
  CHECK(channel.sent == 5);  // one SYNC
}

TEST_CASE("values that no outlet accepts") {
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  CHECK(!session.set_relays(0, 0));
  CHECK(!session.set_relays(4, 4));
  CHECK(!session.set_threshold(0xFFFF));
  CHECK(!session.busy());
}

TEST_CASE("a silent outlet ends the request after all attempts") {
  Channel channel;
  channel.loss = 100;
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  CHECK(session.read());
  CHECK(channel.finish(session) == Outcome::NoAnswer);
  CHECK(channel.sent == 5);
}

TEST_CASE("a restarted outlet is synchronized again") {
  Channel channel;
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  session.set_relays(SOCKET_A, SOCKET_A);
  channel.finish(session);
  channel.outlet.restart();
  CHECK(session.set_relays(SOCKET_B, SOCKET_B));
  CHECK(channel.finish(session) == Outcome::Done);
  CHECK(channel.outlet.relays == SOCKET_B);
}

TEST_CASE("an outlet that refuses every token") {
  Channel channel;
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  session.set_relays(SOCKET_A, SOCKET_A);
  while (session.busy()) {
    Frame frame;
    channel.now_ms += 10;
    if (!session.poll(channel.now_ms, frame)) continue;
    Frame reply = channel.outlet.answer(frame);
    if (frame.command == CMD_SYNC) channel.outlet.has_token = false;
    session.receive(reply);
  }
  CHECK(session.outcome() == Outcome::NoAnswer);
  CHECK(channel.outlet.executed == 0);
}

TEST_CASE("a refused value is reported") {
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  session.read();
  Frame request;
  CHECK(session.poll(0, request));
  Frame reply;
  reply.destination = CONTROLLER;
  reply.source = ADDRESS;
  reply.sequence = request.sequence;
  reply.command = CMD_NAK;
  reply.payload_length = 2;
  reply.payload[0] = CMD_READ;
  reply.payload[1] = 1;
  session.receive(reply);
  CHECK(session.outcome() == Outcome::Refused);
  CHECK(session.refusal() == 1);
}

TEST_CASE("foreign frames are ignored") {
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  FakeOutlet outlet;
  session.read();
  Frame request;
  CHECK(session.poll(0, request));
  const Frame good = outlet.answer(request);
  Frame wrong = good;
  wrong.source = 0xFD;
  session.receive(wrong);
  wrong = good;
  wrong.destination = 2;
  session.receive(wrong);
  wrong = good;
  wrong.sequence++;
  session.receive(wrong);
  wrong = good;
  wrong.command = CMD_PING | ANSWER;
  session.receive(wrong);
  wrong = good;
  wrong.payload_length = 6;
  session.receive(wrong);
  CHECK(session.busy());
  session.receive(good);
  CHECK(session.outcome() == Outcome::Done);
}

TEST_CASE("ten thousand changes over a bad channel are executed exactly once") {
  Channel channel;
  channel.loss = 20;
  channel.duplicates = 15;
  channel.replays = 15;
  OutletSession session(CONTROLLER, ADDRESS, {250}, 7);
  int acknowledged = 0;
  int unanswered = 0;
  for (int i = 0; i < 10000; i++) {
    if (channel.random.occurs(1)) channel.outlet.restart();
    const int before = channel.outlet.executed;
    const auto wanted = static_cast<uint8_t>(channel.random.next() & 3);
    CHECK(session.set_relays(3, wanted));
    if (channel.finish(session) == Outcome::Done) {
      acknowledged++;
      CHECK(channel.outlet.relays == wanted);
      CHECK(session.state().relay_a == bool(wanted & 1));
      CHECK(session.state().relay_b == bool(wanted & 2));
      CHECK(channel.outlet.executed == before + 1);
    } else {
      unanswered++;
      CHECK(channel.outlet.executed <= before + 1);
    }
  }
  CHECK(acknowledged > 9000);
  CHECK(acknowledged + unanswered == 10000);
}
