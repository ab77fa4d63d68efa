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
for i = 1, #ARGV, 3 do
    last = last + 1
    local stream, hash, id = KEYS[1 + ARGV[i]], KEYS[1 + kinds + ARGV[i]], string.format('%.0f-0', last)
    local earlier = redis.call('HGET', hash, ARGV[i + 1])
    if earlier then
        redis.call('XDEL', stream, earlier)
    end
    redis.call('XADD', stream, id, 'key', ARGV[i + 1], 'payload', ARGV[i + 2])
    redis.call('HSET', hash, ARGV[i + 1], id)
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
