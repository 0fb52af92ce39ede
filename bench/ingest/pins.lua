-- Load for wrk: posts the lines of a file in turn, so that bodies and identities vary. Arguments behind `--`: the file,
-- lines a request, path, content type. The last line of the output is the result as JSON, latencies in microseconds.

local requests = {}
local next_request = 0

function init(args)
  local file, lines_per_request, path, content_type = args[1], tonumber(args[2]), args[3], args[4]
  local headers = { ["Content-Type"] = content_type }
  local batch = {}
  for line in io.lines(file) do
    batch[#batch + 1] = line
    if #batch == lines_per_request then
      requests[#requests + 1] = wrk.format("POST", path, headers, table.concat(batch, "\n"))
      batch = {}
    end
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"statusErrors":%d,"socketErrors":%d,"p50Us":%d,"p99Us":%d,"maxUs":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
