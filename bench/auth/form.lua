-- The load of one round: METHOD AUTHORIZATION BODY, where @FILE in place of a body means refresh tokens, one a line, each
-- sent once and replaced by its successor from the answer.
local headers, prepared, tokens = {}, nil, nil

local function keep_successor(status, _, answer)
  -- A connection has one request on its way at a time, so there is always a token for the next.
  local successor = status == 200 and answer:match('"refresh_token":"([^"]+)"')
  if not successor then
    io.stderr:write(status, " ", answer, "\n")
    os.exit(1)
  end
  tokens[#tokens + 1] = successor
end

function init(arguments)
  local method, body = arguments[1], arguments[3]
  headers["Authorization"] = arguments[2]
  if method == "POST" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  if body:sub(1, 1) ~= "@" then
    prepared = wrk.format(method, nil, headers, body)
    return
  end
  tokens = {}
  for line in io.lines(body:sub(2)) do tokens[#tokens + 1] = line end
  response = keep_successor
end

function request()
  if prepared then return prepared end
  return wrk.format("POST", nil, headers, "grant_type=refresh_token&refresh_token=" .. table.remove(tokens, 1))
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), failed))
end
