"""What a Redis store lets the server do in one go, in Lua."""

# Keys are the counter, a stream for each kind, and a hash for each. A script is not rolled back, so whatever may be
# refused is found out before the first write. Numbers are doubles in Lua, whence %.0f.
APPEND = """
local kinds = (#KEYS - 1) / 2
for i, key in ipairs(KEYS) do
    local found, ours = redis.call('TYPE', key).ok, i == 1 and 'string' or i <= 1 + kinds and 'stream' or 'hash'
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
redis.call('SET', KEYS[1], string.format('%.0f', last + #ARGV / 3))
-- Where each key stands is asked for and kept many at a time: a call for each of them would take half of the time.
local at_once, keys, places, where = 500, {}, {}, {}
for kind = 1, kinds do
    keys[kind], places[kind], where[kind] = {}, {}, {}
end
for i = 1, #ARGV, 3 do
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
for i = 1, #ARGV, 3 do
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
"""
GET = """
local id = redis.call('HGET', KEYS[2], ARGV[1])
return id and redis.call('XRANGE', KEYS[1], id, id)[1]
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
