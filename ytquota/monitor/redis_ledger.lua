#!lua name=@LIBRARY@

-- The ledger's rules, run by the server: one call of a function is one step of the ledger, all of it or nothing.
--
-- KEYS    1 the day's pools         hash: bucket -> pool, _seq -> number of steps so far, _limits -> who said what
--         2 the day's open holds    hash: id -> items
--         3 what each host charged  hash: host -> {seq: its last step, own: units by bucket, adjusted: the part of
--                                   these that corrections are, restored: when}
--         4 limits to carry over    string, as _limits
--         5 the request             string, there for a while so that a request sent twice counts once
--         6 the last hours          hash: minute -> the count before its first step, since -> first minute known
-- ARGV[1] the request as JSON: now (0: this server's time), start and end of the day, today (whether it must be
--         the current day), host, seq (the last step the host knows it made), and what the function needs.
--
-- Answers are JSON; code is ok, same (nothing to do), denied, ended (no such open hold), stale (another day by
-- now), closed (the day is too old), or lost (less is here than the host knows it has counted).

local KEPT = 48 * 3600 -- a closed day stays open to settlement
local CARRIED = 60 * 86400
local ONCE = 600
local SLIP = 3600
local PROBE_WAIT, PROBE_TIME = 300, 60
local IN_FLIGHT = 1000
local MINUTES = 240

local function instant(at)
  return string.format('%.6f', at) -- JSON numbers keep 14 digits here, an instant needs 16
end

local function time_of(request)
  if request.now ~= 0 then
    return request.now
  end
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

local function host_of(keys, request)
  local stored = redis.call('HGET', keys[3], request.host)
  return stored and cjson.decode(stored) or {seq = 0, own = {}}
end

local function held_by_hosts(keys)
  local hosts, stored = {}, redis.call('HGETALL', keys[3])
  for i = 1, #stored, 2 do
    local host, charged = cjson.decode(stored[i + 1]), {}
    for bucket, units in pairs(host.own) do
      charged[bucket] = units - (host.adjusted and host.adjusted[bucket] or 0)
    end
    hosts[stored[i]] = charged
  end
  return hosts
end

-- How the count stands: used, what of it are corrections, what is held by requests under way, what hosts charged.
local function standing(keys, day)
  local used, adjusted, open = {}, {}, {}
  for bucket, pool in pairs(day.pools) do
    used[bucket], adjusted[bucket] = pool.used, pool.adjusted or 0
  end
  local stored = redis.call('HGETALL', keys[2])
  for i = 2, #stored, 2 do
    for _, item in ipairs(cjson.decode(stored[i])) do
      open[item[1]] = (open[item[1]] or 0) + item[2]
    end
  end
  return cjson.encode({used = used, adjusted = adjusted, open = open, hosts = held_by_hosts(keys)})
end

local function read(keys, request)
  local day = {at = time_of(request), seq = 0, limits = '{}', pools = {}, changed = {}, is_new = true}
  local stored = redis.call('HGETALL', keys[1])
  for i = 1, #stored, 2 do
    local name, value = stored[i], stored[i + 1]
    if name == '_seq' then
      day.seq, day.is_new = tonumber(value), false
    elseif name == '_limits' then
      day.limits = value
    else
      day.pools[name] = cjson.decode(value)
    end
  end
  day.host = host_of(keys, request)
  day.minute = string.format('%d', math.floor(day.at / 60))
  if redis.call('HEXISTS', keys[6], day.minute) == 0 then
    day.before = standing(keys, day)
  end
  return day
end

-- The day, or why the request cannot be answered. A clock that slips back over midnight stays in the newer day
-- once that has been opened: a slip must not reopen yesterday.
local function enter(keys, request)
  local day = read(keys, request)
  local slip = day.is_new and 0 or SLIP
  if request.today and (day.at >= request['end'] or day.at < request.start - slip) then
    return nil, cjson.encode({code = 'stale', at = instant(day.at)})
  end
  if day.at >= request['end'] + KEPT then
    return nil, cjson.encode({code = 'closed', at = instant(day.at)})
  end
  if day.host.seq < request.seq then
    return nil, cjson.encode({code = 'lost', at = instant(day.at)})
  end
  day.is_repeat = request.once and redis.call('EXISTS', keys[5]) == 1
  return day
end

local function answer(day, code)
  local balances, provisional, by_operator = {}, {}, {}
  for bucket, pool in pairs(day.pools) do
    balances[bucket] = {pool.used, pool.refused, pool.limit, pool.exhausted or false}
    if pool.provisional then
      table.insert(provisional, bucket)
    end
    if pool.by_operator then
      table.insert(by_operator, bucket)
    end
  end
  return cjson.encode({
    code = code, at = instant(day.at), seq = day.seq, bal = balances, lim = day.limits,
    provisional = provisional, by_operator = by_operator, own = day.host.own, counted = not day.is_new, back = day.back,
    differs = day.differs,
  })
end

local function note_minute(keys, day)
  redis.call('HSET', keys[6], day.minute, day.before)
  redis.call('HDEL', keys[6], string.format('%d', day.minute - MINUTES))
  if redis.call('HEXISTS', keys[6], 'since') == 0 then
    redis.call('HSET', keys[6], 'since', day.is_new and 0 or day.minute)
  end
end

local function commit(keys, request, day)
  if day.before then
    note_minute(keys, day)
  end
  day.seq = day.seq + 1
  day.host.seq = day.seq
  local fields = {'_seq', day.seq, '_limits', day.limits}
  for bucket in pairs(day.changed) do
    table.insert(fields, bucket)
    table.insert(fields, cjson.encode(day.pools[bucket]))
  end
  redis.call('HSET', keys[1], unpack(fields))
  redis.call('HSET', keys[3], request.host, cjson.encode(day.host))
  local seconds = math.ceil(request['end'] + KEPT - day.at)
  for _, i in ipairs({1, 2, 3, 6}) do
    redis.call('EXPIRE', keys[i], seconds) -- on every touch: a key that was empty for a moment has lost it
  end
  if request.once then
    redis.call('SET', keys[5], '', 'EX', ONCE)
  end
  return answer(day, 'ok')
end

local function pool_of(day, bucket)
  day.changed[bucket] = true
  local pool = day.pools[bucket]
  if not pool then
    pool = {used = 0, refused = 0, limit = 0, unclaimed = 0}
    day.pools[bucket] = pool
  end
  return pool
end

local function charge(day, bucket, units)
  local pool, own = pool_of(day, bucket), day.host.own
  local before = pool.used
  pool.used = math.max(0, before + units)
  own[bucket] = (own[bucket] or 0) + pool.used - before
end

-- A change of the count that speaks of earlier calls, of whatever minute.
local function correct(day, bucket, units)
  local pool = pool_of(day, bucket)
  pool.adjusted = (pool.adjusted or 0) + units
end

local function denied(day, request, bucket, used_before, marked)
  local pool, asked = day.pools[bucket], 0
  for _, item in ipairs(request.items) do
    if item[1] == bucket then
      asked = asked + item[2]
    end
  end
  return cjson.encode({
    code = 'denied', at = instant(day.at), seq = day.seq, bucket = bucket, asked = asked,
    left = math.max(0, pool.limit - used_before), limit = pool.limit, marked = marked and pool.exhausted or false,
    by_operator = pool.by_operator or false,
  })
end

-- Charges the items in memory; nothing is written unless all of them fit.
local function admit(day, request)
  local used_before = {}
  for _, item in ipairs(request.items) do
    local bucket, units = item[1], item[2]
    local pool = pool_of(day, bucket)
    used_before[bucket] = used_before[bucket] or pool.used
    local kept = request.keep and request.keep[bucket] or 0
    local marked = pool.exhausted and day.at < tonumber(pool.exhausted)
    if marked or units > pool.limit - kept - pool.used then
      return denied(day, request, bucket, used_before[bucket], marked)
    end
    charge(day, bucket, units)
    if pool.exhausted and pool.provisional then
      pool.exhausted = instant(day.at + PROBE_TIME)
    end
  end
end

local function hold(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if redis.call('HEXISTS', keys[2], request.id) == 1 then return answer(day, 'ok') end
  refusal = admit(day, request)
  if refusal then return refusal end
  redis.call('HSET', keys[2], request.id, cjson.encode(request.items))
  return commit(keys, request, day)
end

-- A hold of before a loss is no longer in the list of open ones, but whoever took it may still settle it.
local function items_held(keys, request, day)
  local stored = redis.call('HGET', keys[2], request.id)
  if stored then return cjson.decode(stored) end
  local is_older = day.host.restored and request.held_at <= tonumber(day.host.restored)
  if request.is_mine and is_older then return request.held end
end

local function extend(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_repeat then return answer(day, 'ok') end
  local held = items_held(keys, request, day)
  if not held then return answer(day, 'ended') end
  refusal = admit(day, request)
  if refusal then return refusal end
  for _, item in ipairs(request.items) do
    table.insert(held, item)
  end
  redis.call('HSET', keys[2], request.id, cjson.encode(held))
  return commit(keys, request, day)
end

local function record(day, bucket, released, outcome)
  local pool = pool_of(day, bucket)
  charge(day, bucket, -released)
  if outcome == 'refused' then
    pool.refused = pool.refused + released
  elseif outcome == 'ok' and pool.provisional then
    pool.provisional, pool.exhausted = nil, nil
  end
end

local function settle(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_repeat then return answer(day, 'ok') end
  local held = items_held(keys, request, day)
  if not held then return answer(day, 'ended') end
  redis.call('HDEL', keys[2], request.id)
  if request.records then
    for _, one in ipairs(request.records) do
      record(day, one[1], one[2], one[3])
    end
  else
    for _, item in ipairs(held) do
      charge(day, item[1], -item[2])
    end
  end
  return commit(keys, request, day)
end

local function refuse(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_repeat then return answer(day, 'ok') end
  local pool = pool_of(day, request.bucket)
  pool.refused = pool.refused + request.units
  return commit(keys, request, day)
end

local function exhaust(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_repeat then return answer(day, 'ok') end
  local pool = pool_of(day, request.bucket)
  local ends = request.exhausted
  if ends and request.provisional and not pool.provisional then
    pool.provisional, ends = true, math.min(ends, day.at + PROBE_WAIT)
  else
    pool.provisional = nil
  end
  pool.exhausted = ends and instant(ends) or nil
  pool.by_operator = ends and request.by_operator or nil
  return commit(keys, request, day)
end

-- The operator, unless the server says less; the server; the default.
local function effective(said, default)
  local operator, server = said and said.operator, said and said.server
  if operator and (not server or operator <= server) then return operator end
  return server or default
end

-- `limits` are {bucket, source, value or false} to note; `defaults` hold of the buckets named in them.
local function note_limits(keys, request, day)
  local said = cjson.decode(day.limits)
  for _, one in ipairs(request.limits) do
    local bucket, source, value = one[1], one[2], one[3]
    said[bucket] = said[bucket] or {}
    said[bucket][source] = value or nil
  end
  for bucket, default in pairs(request.defaults) do
    pool_of(day, bucket).limit = effective(said[bucket], default)
  end
  day.limits = cjson.encode(said)
  redis.call('SET', keys[4], day.limits, 'EX', CARRIED)
end

-- What was learned is a fact of the project; what the operator wants stands in the settings of those who open.
local function carry_over(keys, request, day)
  local said = cjson.decode(redis.call('GET', keys[4]) or '{}')
  for bucket, sources in pairs(said) do
    if request.by_settings then
      sources.operator = nil
    end
    pool_of(day, bucket).limit = effective(sources, 0)
  end
  day.limits = cjson.encode(said)
end

-- The operator's limits of others that are not what this host's settings say.
local function differing(request, day)
  local said, others = cjson.decode(day.limits), {}
  for _, one in ipairs(request.limits) do
    local before = said[one[1]] and said[one[1]].operator
    if before and before ~= one[3] then
      others[one[1]] = before
    end
  end
  return others
end

local function open(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_new then
    carry_over(keys, request, day)
  else
    day.differs = differing(request, day)
  end
  note_limits(keys, request, day)
  return commit(keys, request, day)
end

local function limit(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  local bucket, source, value = unpack(request.limits[1])
  local said = cjson.decode(day.limits)[bucket] or {}
  if said[source] == (value or nil) then return answer(day, 'same') end
  note_limits(keys, request, day)
  return commit(keys, request, day)
end

local function adjust(keys, args)
  local request = cjson.decode(args[1])
  local day, refusal = enter(keys, request)
  if refusal then return refusal end
  if day.is_repeat then return answer(day, 'ok') end
  local pool, host = pool_of(day, request.bucket), day.host
  local before = pool.used
  charge(day, request.bucket, request.units)
  correct(day, request.bucket, pool.used - before)
  host.adjusted = host.adjusted or {}
  host.adjusted[request.bucket] = (host.adjusted[request.bucket] or 0) + pool.used - before
  pool.unclaimed = math.max(0, pool.unclaimed + math.min(0, request.units))
  return commit(keys, request, day)
end

-- What a host had charged and this server has lost is charged again. Beyond that a count never falls below what
-- the host has seen: the surplus is what others charged. It stays `unclaimed` until they bring their own back, so
-- that nothing is counted twice.
local function restore_pool(day, bucket, seen, own)
  local pool, mine = pool_of(day, bucket), day.host.own
  local before = pool.used
  local missing = own - (mine[bucket] or 0)
  local claimed = math.min(pool.unclaimed, math.max(0, missing))
  pool.unclaimed = pool.unclaimed - claimed
  pool.used = math.max(0, pool.used + missing - claimed)
  mine[bucket] = own
  pool.unclaimed = pool.unclaimed + math.max(0, seen[1] - pool.used)
  pool.used = math.max(pool.used, seen[1])
  pool.refused = math.max(pool.refused, seen[2])
  pool.exhausted = pool.exhausted or seen[4] or nil
  correct(day, bucket, pool.used - before)
  return pool.used - before
end

local function restore(keys, args)
  local request = cjson.decode(args[1])
  local known = request.known
  local day = read(keys, request)
  if day.at >= request['end'] + KEPT then return cjson.encode({code = 'closed', at = instant(day.at)}) end
  if day.host.seq >= known.seq then return answer(day, 'same') end
  day.back = {}
  for bucket, seen in pairs(known.bal) do
    day.back[bucket] = restore_pool(day, bucket, seen, known.own[bucket] or 0)
  end
  for _, bucket in ipairs(known.provisional) do
    day.pools[bucket].provisional = true
  end
  for _, bucket in ipairs(known.by_operator) do
    if day.pools[bucket].exhausted == known.bal[bucket][4] then
      day.pools[bucket].by_operator = true
    end
  end
  local said = cjson.decode(day.limits)
  for bucket, sources in pairs(known.lim) do
    said[bucket] = said[bucket] or {}
    for source, value in pairs(sources) do
      said[bucket][source] = said[bucket][source] or value
    end
  end
  day.limits = cjson.encode(said)
  note_limits(keys, request, day)
  day.host.restored = instant(day.at)
  redis.call('HSET', keys[6], 'since', day.minute + 1) -- of before, nobody knows what was counted when
  -- the host's other programs may know of a few later steps: those must not look lost again
  day.seq = math.max(day.seq, known.seq) + IN_FLIGHT
  return commit(keys, request, day)
end

local function usage(keys, args)
  local day, refusal = enter(keys, cjson.decode(args[1]))
  if refusal then return refusal end
  if day.is_new then day.limits = redis.call('GET', keys[4]) or '{}' end
  return answer(day, 'ok')
end

local function history(keys, args)
  local day, refusal = enter(keys, cjson.decode(args[1]))
  if refusal then return refusal end
  return cjson.encode({
    code = 'ok', at = instant(day.at), now = standing(keys, day), minutes = redis.call('HGETALL', keys[6]),
  })
end

redis.register_function('@LIBRARY@_hold', hold)
redis.register_function('@LIBRARY@_extend', extend)
redis.register_function('@LIBRARY@_settle', settle)
redis.register_function('@LIBRARY@_refuse', refuse)
redis.register_function('@LIBRARY@_exhaust', exhaust)
redis.register_function('@LIBRARY@_limit', limit)
redis.register_function('@LIBRARY@_adjust', adjust)
redis.register_function('@LIBRARY@_open', open)
redis.register_function('@LIBRARY@_restore', restore)
redis.register_function{function_name = '@LIBRARY@_usage', callback = usage, flags = {'no-writes'}}
redis.register_function{function_name = '@LIBRARY@_history', callback = history, flags = {'no-writes'}}
