# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced: peers_python prints the Python of a throwaway environment with the published libraries at the versions below.
peers_packages="statsforecast==2.1.1 statsmodels==0.15.0 scikit-learn==1.7.2 lightgbm==4.6.0"
peers_why="see the lines above"
peers_python() {
    local folder
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/forescale/peers-$(cksum <<<"$peers_packages" | cut -d' ' -f1)
    if [ ! -e "$folder/complete" ]; then
        echo "installing $peers_packages into $folder" >&2
        rm -rf "$folder"
        python3 -m venv "$folder" >&2 && "$folder/bin/pip" -q install $peers_packages >&2 && : >"$folder/complete" || return 1
    fi
    echo "$folder/bin/python"
}
