#!/usr/bin/env bash
# Makes the demo clip: 60 s of HLS, AES-128, three video renditions and one of audio, segments of 4 s that line up.
# The content key is the one in demo.json, so that the clip can be made again without a change to the seed; it is
# never written beside the clip. Segments end in .mpegts: a tool of this project would take .ts for TypeScript. Needs ffmpeg (libx264, drawtext) and node.
set -euo pipefail
cd "$(dirname "$0")"

clip=clip
seconds=60
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node -e '
	const seed = JSON.parse(require("node:fs").readFileSync("demo.json", "utf8"));
	const { keys } = seed.accounts[0].videos[0].sources[0];
	process.stdout.write(Buffer.from(keys["k1.key"], "base64"));
' >"$work/k1.key"
[ "$(wc -c <"$work/k1.key")" -eq 16 ] || { echo "demo.json: keys[\"k1.key\"] is not 16 bytes" >&2; exit 1; }
printf 'k1.key\n%s\n' "$work/k1.key" >"$work/key-info"

# From a file, because a colon in a filter's argument would need three layers of escapes.
printf '%s' '%{pts:gmtime:0:%M\:%S}' >"$work/time"

# One rendition: its picture, the time and its own name, so that a switch of quality can be seen.
rendition() { # height
	local text="font=Sans:fontcolor=white:shadowcolor=black@0.5:shadowx=1:shadowy=1"
	printf 'scale=-2:%s,' "$1"
	printf 'drawtext=%s:fontsize=h/11:x=(w-tw)/2:y=h*0.30:text=Playgate demo,' "$text"
	printf 'drawtext=%s:fontsize=h/5:x=(w-tw)/2:y=h*0.42:textfile=%s,' "$text" "$work/time"
	printf 'drawtext=%s:fontsize=h/14:x=(w-tw)/2:y=h*0.68:text=%sp - AES-128' "$text" "$1"
}

picture="gradients=size=640x360:rate=25:duration=$seconds:seed=7:nb_colors=4:speed=0.012"
picture+=":c0=0x0b1f3a:c1=0x14506b:c2=0x5b2a86:c3=0x0f766e"
# A slow chord: three partials that swell one after the other.
swell='0.5+0.5*sin(2*PI*t/8'
sound="aevalsrc=exprs=0.10*sin(2*PI*220*t)*($swell))+0.08*sin(2*PI*277.18*t)*($swell+2.1))"
sound+="+0.07*sin(2*PI*329.63*t)*($swell+4.2)):sample_rate=48000:duration=59.95" # 50 ms short: priming samples must not spill into a 16th segment

rm -rf "$clip"
mkdir -p "$clip"
ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$picture" -f lavfi -i "$sound" \
	-filter_complex "[0:v]split=3[a][b][c];[a]$(rendition 360)[v0];[b]$(rendition 240)[v1];[c]$(rendition 144)[v2]" \
	-map '[v0]' -map '[v1]' -map '[v2]' -map 1:a \
	-c:v libx264 -preset veryslow -profile:v main -pix_fmt yuv420p -g 100 -keyint_min 100 -sc_threshold 0 \
	-b:v:0 150k -maxrate:v:0 200k -bufsize:v:0 400k \
	-b:v:1 75k -maxrate:v:1 100k -bufsize:v:1 200k \
	-b:v:2 40k -maxrate:v:2 56k -bufsize:v:2 112k \
	-c:a aac -b:a 32k -ac 1 -metadata:s:a:0 language=en \
	-fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
	-f hls -hls_time 4 -hls_playlist_type vod -hls_flags independent_segments -hls_key_info_file "$work/key-info" \
	-hls_segment_filename "$clip/%v-%02d.mpegts" -master_pl_name master.m3u8 \
	-var_stream_map 'v:0,agroup:tones,name:360p v:1,agroup:tones,name:240p v:2,agroup:tones,name:144p a:0,agroup:tones,name:tones,default:yes,language:en' \
	"$clip/%v.m3u8"

# What the muxer cannot be told: a name for people, and that every segment starts with a key frame.
sed -e '/^$/d' -e 's/NAME="audio_3",DEFAULT=YES/NAME="Tones",DEFAULT=YES,AUTOSELECT=YES/' -e 's/"group_tones"/"tones"/' \
	-e 's/^#EXT-X-VERSION:.*/&\n#EXT-X-INDEPENDENT-SEGMENTS/' "$clip/master.m3u8" >"$work/master"
mv "$work/master" "$clip/master.m3u8"

# Proof that it plays: every frame of every rendition, through the key, which stands beside the clip only for this.
cp "$clip"/* "$work/"
for playlist in 360p 240p 144p tones; do
	ffmpeg -hide_banner -loglevel error -xerror -allowed_extensions ALL -i "$work/$playlist.m3u8" -f null - ||
		{ echo "$playlist does not decode" >&2; exit 1; }
done
du -sh "$clip"
