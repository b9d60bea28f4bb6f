-- Posts commands. Arguments: MODE [PREFIX] [ID] [PAUSE in ms between two requests of a connection]
--   distinct  AddUser, a new person every time
--   hot       ModifyUser on the user ID, a new first name every time
--   array     POST /v1/commands with 100 AddUser envelopes, a new person each
-- Ends with one line of JSON: counts, seconds, latencies in microseconds.
local mode, prefix, id, pause

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  mode, prefix, id = args[1], (args[2] or "p") .. "-" .. number, args[3]
  pause = tonumber(args[4] or 0)
  if pause > 0 then
    function delay() return pause end  -- Where there is such a function, every request goes through a timer.
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

local count = 0
local person = '{"auth0Id":"auth0|%s-%d","email":"%s.%d@example.com","emailVerified":true,"firstName":"Zoë",'
  .. '"lastName":"Washburne","picture":"https://example.com/faces/4711.png","locale":"en"}'

local function next_person()
  count = count + 1
  return string.format(person, prefix, count, prefix, count)
end

function request()
  if mode == "distinct" then
    return wrk.format(nil, "/v1/identity/AddUser", nil, next_person())
  elseif mode == "hot" then
    count = count + 1
    return wrk.format(nil, "/v1/identity/" .. id .. "/ModifyUser", nil, string.format(
      '{"firstName":"Zoë %s-%d","lastName":"Washburne","picture":"","locale":"en"}', prefix, count))
  end
  local envelopes = {}
  for i = 1, 100 do
    envelopes[i] = '{"id":"' .. prefix .. "-" .. count .. '","type":"AddUser","metadata":{"traceId":"bench","userId":""},"data":'
      .. next_person() .. '}'
  end
  return wrk.format(nil, "/v1/commands", nil, "[" .. table.concat(envelopes, ",") .. "]")
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.3f,"failed":%d,"p50":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration / 1e6, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
