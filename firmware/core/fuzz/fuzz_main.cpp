// Runs the fuzz target without libFuzzer: random changes of the seeds, for a number of seconds.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 88172645463325252ull;
static uint64_t next_random() {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static std::vector<std::string> read_seeds(const char *folder) {
  std::vector<std::string> seeds{std::string(1, '\0')};
  DIR *list = opendir(folder);
  while (dirent *entry = list ? readdir(list) : nullptr) {
    FILE *file = fopen((std::string(folder) + "/" + entry->d_name).c_str(), "rb");
    if (!file) continue;
    char buffer[16384];
    const size_t count = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    if (count) seeds.emplace_back(buffer, count);
  }
  if (list) closedir(list);
  return seeds;
}

static std::string mutate(const std::vector<std::string> &seeds) {
  std::string input = seeds[next_random() % seeds.size()];
  const uint64_t changes = next_random() % 6;
  for (uint64_t i = 0; i < changes; i++) {
    const size_t place = input.empty() ? 0 : next_random() % input.size();
    switch (next_random() % 6) {
      case 0: input.insert(place, 1, static_cast<char>(next_random())); break;
      case 1: if (!input.empty()) input.erase(place, 1 + next_random() % 8); break;
      case 2: if (!input.empty()) input[place] = static_cast<char>(next_random()); break;
      case 3: input.resize(place); break;
      case 4: {
        const std::string &other = seeds[next_random() % seeds.size()];
        input.insert(place, other.substr(next_random() % other.size(), next_random() % 64));
        break;
      }
      default: if (!input.empty()) input[place] ^= static_cast<char>(1 << next_random() % 8);
    }
  }
  return input;
}

int main(int argc, char **argv) {
  const std::vector<std::string> seeds = read_seeds(argc > 1 ? argv[1] : ".");
  const double seconds = argc > 2 ? atof(argv[2]) : 5.0;
  if (argc > 3) state ^= strtoull(argv[3], nullptr, 10) * 0x9E3779B97F4A7C15ull;
  const clock_t end = clock() + static_cast<clock_t>(seconds * CLOCKS_PER_SEC);
  unsigned long long runs = 0;
  while (clock() < end) {
    for (int i = 0; i < 100; i++, runs++) {
      const std::string input = mutate(seeds);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(input.data()), input.size());
    }
  }
  printf("%llu inputs\n", runs);
  return 0;
}
