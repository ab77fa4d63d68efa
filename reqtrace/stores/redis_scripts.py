"""What a Redis store lets the server do in one go, in Lua."""

from reqtrace.stores.summaries import BLOCK, BLOCK_BYTES

_IN_TURN = """
local writer, turn = table.remove(KEYS), tonumber(table.remove(ARGV))
if turn <= tonumber(redis.call('GET', writer) or 0) then
    return
end
"""
"""What a frozen server still has to read of a broken connection comes late: behind what its writer has sent since.
The key that says how far that is comes last, and so does the number of this batch."""
# Keys are the counter, a stream for each kind, a hash for each, the hash of the newest summary, and a stream for each
# column of those that are full. Behind the items comes their digest. A script is not rolled back, so whatever may be
# refused is found out before the first write. Numbers are doubles in Lua, whence %.0f.
APPEND = f"""
{_IN_TURN}
local kinds, items = (#KEYS - 5) / 2, (#ARGV - 8) / 3
local summary = 2 + 2 * kinds
for i, key in ipairs(KEYS) do
    local is_stream = i > 1 and i <= 1 + kinds or i > summary
    local found, ours = redis.call('TYPE', key).ok, i == 1 and 'string' or is_stream and 'stream' or 'hash'
    if found ~= 'none' and found ~= ours then
        return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ' and no ' .. ours)
    end
end
local last = redis.call('GET', KEYS[1])
if last and not last:match('^%d+$') then
    return redis.error_reply('WRONGTYPE ' .. KEYS[1] .. ' is no number')
end
last = tonumber(last or 0)
if last == 0 then  -- a cache that evicts may have dropped it
    for i = 2, 1 + kinds do
        if redis.call('EXISTS', KEYS[i]) == 1 then
            last = math.max(last, tonumber(redis.call('XINFO', 'STREAM', KEYS[i])[8]:match('^%d+')))
        end
    end
end
local before = last
redis.call('SET', writer, turn, 'EX', 86400)
redis.call('SET', KEYS[1], string.format('%.0f', last + items))
-- Where each key stands is asked for and kept many at a time: a call for each of them would take half of the time.
local at_once, keys, places, where = 500, {{}}, {{}}, {{}}
for kind = 1, kinds do
    keys[kind], places[kind], where[kind] = {{}}, {{}}, {{}}
end
for i = 1, 3 * items, 3 do
    table.insert(keys[tonumber(ARGV[i])], ARGV[i + 1])
end
for kind = 1, kinds do
    for first = 1, #keys[kind], at_once do
        local until_ = math.min(first + at_once - 1, #keys[kind])
        local found = redis.call('HMGET', KEYS[1 + kinds + kind], unpack(keys[kind], first, until_))
        for i = first, until_ do
            where[kind][keys[kind][i]] = found[i - first + 1]
        end
    end
end
for i = 1, 3 * items, 3 do
    last = last + 1
    local kind, key, id = tonumber(ARGV[i]), ARGV[i + 1], string.format('%.0f-0', last)
    local stream, earlier = KEYS[1 + kind], where[kind][key]
    if earlier then
        redis.call('XDEL', stream, earlier)
    end
    redis.call('XADD', stream, id, 'key', key, 'payload', ARGV[i + 2])
    where[kind][key] = id
    table.insert(places[kind], key)
    table.insert(places[kind], id)
end
for kind = 1, kinds do
    for first = 1, #places[kind], 2 * at_once do
        local until_ = math.min(first + 2 * at_once - 1, #places[kind])
        redis.call('HSET', KEYS[1 + kinds + kind], unpack(places[kind], first, until_))
    end
end
-- The newest summary takes what follows it at once; else it is put to those that are full, and a new one begins.
local names, digest = {{'requests', 'begun', 'ended', 'shortest', 'longest', 'words', 'people', 'paths'}}, {{}}
for i, name in ipairs(names) do
    digest[name] = ARGV[3 * items + i]
end
digest.first, digest.last = string.format('%.0f', before + 1), string.format('%.0f', last)
local known = {{}}
for _, name in ipairs({{'first', 'last', unpack(names)}}) do
    known[name] = redis.call('HGET', KEYS[summary], name) or nil
end
if known.paths then
    local size = #known.words + #known.people + #known.paths
    if tonumber(known.last) == before and tonumber(known.requests) < {BLOCK} and size < {BLOCK_BYTES} then
        local function with(more, name)
            local text = known[name]
            return string.find(text, more, 1, true) and text or text .. more
        end
        local function number(name, choose)
            return string.format('%.0f', choose(tonumber(known[name]), tonumber(digest[name])))
        end
        digest.first = known.first
        digest.requests = number('requests', function(a, b) return a + b end)
        digest.begun, digest.shortest = number('begun', math.min), number('shortest', math.min)
        digest.ended, digest.longest = number('ended', math.max), number('longest', math.max)
        for i = 6, 8 do
            digest[names[i]] = with(digest[names[i]], names[i])
        end
    else
        local about = {{known.first, known.last}}
        for i = 1, 5 do
            table.insert(about, known[names[i]])
        end
        for i = 6, 8 do
            redis.pcall('XADD', KEYS[summary + i - 5], known.last .. '-0', 'about', table.concat(about, ' '),
                        'column', known[names[i]])
        end
    end
end
for name, value in pairs(digest) do
    redis.call('HSET', KEYS[summary], name, value)
end
"""
# The requests of a stretch whose payload has all that is sought, newest first.
SEARCH = """
local found, limit = {}, tonumber(ARGV[3])
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], ARGV[1], ARGV[2])) do
    local is_meant = true
    for i = 4, #ARGV do
        is_meant = is_meant and string.find(entry[2][4], ARGV[i], 1, true)
    end
    if is_meant then
        table.insert(found, entry)
        if #found == limit then
            break
        end
    end
end
return found
"""
# Keys are the streams of summaries that are full.
FORGET = """
for _, stream in ipairs(KEYS) do
    for _, entry in ipairs(redis.call('XRANGE', stream, '-', ARGV[1])) do
        redis.call('XDEL', stream, entry[1])
    end
end
"""
GET = """
local id = redis.call('HGET', KEYS[2], ARGV[1])
return id and redis.call('XRANGE', KEYS[1], id, id)[1]
"""
# Keys are the counter and the clock: members are "position:time", and so are their scores the position.
AGED = """
local time, position = redis.call('TIME'), redis.call('GET', KEYS[1])
local now, seconds, is_due, cut = time[1] + time[2] / 1e6, tonumber(ARGV[1]), true, 0
for _, mark in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local reached, at = mark:match('^(%d+):(.+)$')
    reached, at = tonumber(reached), tonumber(at)
    is_due = is_due and (at > now or now - at >= seconds / ARGV[2])
    if at <= now - seconds and reached > cut then
        cut = reached
    end
end
if is_due and position then
    redis.call('ZADD', KEYS[2], position, string.format('%s:%.3f', position, now))
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', cut))
return string.format('%.0f', cut)
"""
EXCESS = """
local excess = math.min(redis.call('XLEN', KEYS[1]) - ARGV[1], ARGV[2])
return excess > 0 and redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', excess)[excess][1]
"""
# Keys are a stream for each kind that passes, and a hash for each.
DROP = """
local kinds, dropped = #KEYS / 2, 0
for i = 1, kinds do
    for _, entry in ipairs(redis.call('XRANGE', KEYS[i], '-', ARGV[1], 'COUNT', ARGV[2])) do
        redis.call('XDEL', KEYS[i], entry[1])
        redis.call('HDEL', KEYS[kinds + i], entry[2][2])
        dropped = dropped + 1
    end
end
return dropped
"""
