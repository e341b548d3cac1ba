# Completion of oripk for bash: eval "$(oripk completion bash)"

_oripk() {
	local line=${COMP_LINE:0:COMP_POINT} words answer directive current
	read -r -a words <<<"$line"
	case $line in
	*[[:space:]]) words+=('') ;;
	esac
	current=${words[${#words[@]} - 1]}
	COMPREPLY=()
	answer=$("${words[0]}" __complete "${words[@]:1}" 2>/dev/null) || return
	directive=${answer##*:}
	answer=${answer%:*}

	# Of a word, bash replaces what stands behind the last @, : or =, unless it
	# was told that these do not break words.
	local breaks='' c head=''
	for c in @ : =; do
		case $COMP_WORDBREAKS in
		*"$c"*) breaks+=$c ;;
		esac
	done
	if [ -n "$breaks" ]; then
		head=${current%"${current##*[$breaks]}"}
	fi

	local one
	while IFS= read -r one; do
		one=${one%%$'\t'*}
		case $one in
		'') ;;
		"$current"*) COMPREPLY+=("${one#"$head"}") ;;
		esac
	done <<<"$answer"

	# The bits are cobra's: 2 no space, 4 no files, 16 folders only.
	if ((directive & 16)); then
		while IFS= read -r one; do
			COMPREPLY+=("$one")
		done < <(compgen -d -- "$current")
	fi
	if type compopt >/dev/null 2>&1; then
		if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
		if ((directive & 20)); then compopt +o default 2>/dev/null; fi
		if ((directive & 16)); then compopt -o filenames 2>/dev/null; fi
	fi
}

complete -o default -F _oripk oripk
